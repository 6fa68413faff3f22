"""Files that arrive: from bytes to rows with the row numbers that Excel shows."""
