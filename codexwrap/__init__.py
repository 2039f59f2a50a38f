"""Runs a coding agent's seat, sees its provider session die, and keeps its context."""

__version__ = "0.1.0"
