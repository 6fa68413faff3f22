"""The month's reconciliation with each bank: statement, differences, closing. Posts nothing."""
