"""What the law on personal data asks of the office: its register, a person's history, how long data
is kept, and what is done when data got out."""
