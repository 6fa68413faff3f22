"""Usulan: recommended applications on their way to a bank."""
