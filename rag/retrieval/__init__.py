"""Ways to search; each file is one retriever, chosen by its name. Combinators are retrievers too."""
