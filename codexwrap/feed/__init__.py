"""Fold the feed into what people ask."""
