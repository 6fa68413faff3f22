"""The list of installments by due date: what falls due, and what of it is not covered."""
