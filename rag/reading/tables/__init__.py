"""Reading tables: which cells, rows and columns a question asks for."""
