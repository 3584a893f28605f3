"""Where the files of a job are read: one module for each way of spreading the work, found by its name."""
