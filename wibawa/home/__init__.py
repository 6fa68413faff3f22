"""The first page and the portfolio report: figures whose numbers link to their rows."""
