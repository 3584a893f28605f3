"""Pure functions over text and numbers: no state, no I/O."""
