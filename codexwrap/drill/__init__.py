"""Kill a real session's provider, safely."""
