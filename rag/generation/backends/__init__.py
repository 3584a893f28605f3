"""The family of generators: one file each, found by its name."""
