"""Dated settings that one person proposes and another decides: loan terms and the limits of
collectibility. Both lie in `banks.models`; what is in force says `banks.queries`."""
