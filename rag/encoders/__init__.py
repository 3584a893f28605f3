"""Text -> vectors; each file is one encoder, chosen by its name."""
