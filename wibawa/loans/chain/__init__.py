"""The chain of hashes over postings and approvals, one for each bank; see docs/chain.md."""
