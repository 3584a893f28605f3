"""What passages say: whether and where they answer, and whether they bear a sentence out."""
