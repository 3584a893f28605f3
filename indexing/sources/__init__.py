"""Sources beside the file system: one module for each way of reaching documents, found by its schemes."""
