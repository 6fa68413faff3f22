"""Targets, published figures and computed values of the programme's indicators."""
