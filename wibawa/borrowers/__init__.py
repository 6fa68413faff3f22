"""Micro-enterprises and cooperatives that borrow."""
