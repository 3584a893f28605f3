"""The checks of `rag doctor`: each gives a state, what it found and what to do."""
