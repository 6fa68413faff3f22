"""Papers of a loan: schedule, card, receipts and payoff statement, issued and printed again."""
