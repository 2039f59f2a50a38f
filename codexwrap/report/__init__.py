"""What happened, from the feed."""
