"""Judge whether a seat lives."""
