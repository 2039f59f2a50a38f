"""Watch what no wrapper watches."""
