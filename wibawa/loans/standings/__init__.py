"""Copies that reports read: where each loan stands, kept with the journal, and what falls due."""
