"""Grove's library: everything between a parsed document and a cited answer."""
