"""Parts that find where in passages the answer to a question stands."""
