"""Fit bash, zsh and fish."""
