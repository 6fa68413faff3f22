"""Requests that change a loan, titipan or a posted file: one person asks, another decides."""
