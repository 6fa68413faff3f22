"""Loans: their schedules, their ledger and what both say about a day."""
