"""Draw what a terminal shows."""
