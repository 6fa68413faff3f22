"""Repayments: the banks' files of installments paid, from reading to posting."""
