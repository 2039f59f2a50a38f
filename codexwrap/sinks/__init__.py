"""Hand events to other programs."""
