"""Passages and a question -> an answer whose every sentence is tied to what supports it."""
