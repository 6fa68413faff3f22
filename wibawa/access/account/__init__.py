"""The own account: password, codes, and the browsers in which one is signed in."""
