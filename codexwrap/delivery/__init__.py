"""Deliver the feed to its sinks."""
