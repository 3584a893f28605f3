"""Losses, loops and fits for every learned part; imported by nothing."""
