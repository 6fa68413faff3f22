"""Disbursements that come as a bank's file: sent, checked, and all confirmed by the approver."""
