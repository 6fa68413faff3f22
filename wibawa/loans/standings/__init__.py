"""The copy of where each loan stands, kept with the journal."""
