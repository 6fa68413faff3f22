"""Reminder letters in three grades: their days, who is due one, and issuing them together."""
