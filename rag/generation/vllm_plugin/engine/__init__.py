"""What stands in vLLM: the only modules that import it."""
