"""What a model may write next, as a mask over its tokens."""
