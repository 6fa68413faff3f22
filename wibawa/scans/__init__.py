"""The documents of a borrower and of an application: which are needed, seen, or kept as a scan."""
