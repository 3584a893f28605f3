"""Chunkers: a parsed document -> the units that are indexed."""
