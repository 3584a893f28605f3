"""The truth: collections, documents, jobs and runs in a SQL database (SQLite or PostgreSQL)."""
