"""The work on late loans: who is late, what was said and promised, who follows it."""
