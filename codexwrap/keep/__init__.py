"""The records of a seat."""
