"""Check what codexwrap relies on."""
