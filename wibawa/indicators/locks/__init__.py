"""Locked years: figures, definitions and the loans behind them, kept as two persons saw them."""
