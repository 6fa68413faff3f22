"""The banks' answers to applications."""
