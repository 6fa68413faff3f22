"""Counts from outside the books, with their source: denominators, other programmes, history."""
