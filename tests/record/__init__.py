"""Records the real Codex CLI, as its provider lets it live and die."""
