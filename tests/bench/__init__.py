"""Benchmarks: what the wrapper costs, as ratios to what a user would have without it."""
