"""Save a repository without touching it."""
