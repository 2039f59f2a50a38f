"""Run the agent under a pty."""
