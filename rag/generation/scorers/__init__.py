"""Scorers of passages for a question: one file each, found by its name."""
