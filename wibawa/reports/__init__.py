"""Reports: plain typed rows of what the books say, shown, printed and exported alike."""
