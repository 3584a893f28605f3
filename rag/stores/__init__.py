"""Where vectors and words are kept; each file is one store, chosen by its name."""
