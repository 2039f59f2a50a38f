"""What is used of the provider's limits."""
