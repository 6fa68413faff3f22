"""Loans that went from one class to another between two days, and what was paid off meanwhile."""
