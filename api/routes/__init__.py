"""The HTTP routes, one resource a file: a route parses, calls one function and returns a schema."""
