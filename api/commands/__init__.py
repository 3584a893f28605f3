"""The commands of `rag`, a file for each group. A command imports what it needs when it runs."""
