"""Applications from the counter to the recommendation; each move leaves its author and reason."""
