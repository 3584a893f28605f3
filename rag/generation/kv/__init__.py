"""Policies that make the cache of keys and values smaller, one a file, found by its name."""
