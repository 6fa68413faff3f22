"""What an auditor reads: the trail of who did what, and the chains of hashes."""
