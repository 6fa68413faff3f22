"""What lines, links and heads of hashes are, and the chain of the office; see docs/chain.md."""
