"""Teaching the program a bank's headings, from an example of the bank's file."""
