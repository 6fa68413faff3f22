"""Disbursements recorded by one person and approved by another; only then a loan exists."""
