"""How many days each step of an application may take: a dated setting, and what follows from it."""
