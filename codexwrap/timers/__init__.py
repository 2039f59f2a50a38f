"""Have the watchdog run by itself."""
