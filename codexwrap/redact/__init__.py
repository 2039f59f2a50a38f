"""Keep secrets out of records."""
