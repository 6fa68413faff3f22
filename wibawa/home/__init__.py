"""The first page: figures whose numbers link to their rows, and what waits."""
