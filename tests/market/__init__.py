"""What is true: books, their proofs, and instruments."""
