"""Loaders: one module for each family of formats, found by the suffixes its class names."""
