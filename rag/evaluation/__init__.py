"""How good search and answers are. What is measured is handed in, so that it is the product itself."""
