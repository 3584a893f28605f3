"""Documents in: bytes -> text with structure -> chunks -> a published index, by durable jobs."""
