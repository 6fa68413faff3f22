"""Two records of one borrower become one, asked for by one person and decided by another."""
