"""The surfaces: command line and HTTP."""
