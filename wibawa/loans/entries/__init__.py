"""The list of ledger entries of all loans: what the figures of the reports are sums of."""
