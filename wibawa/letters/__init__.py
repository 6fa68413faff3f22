"""Issued papers: numbered, dated, kept as they were written, printed again from that alone."""
