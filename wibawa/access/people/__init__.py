"""Other people, as an administrator sees them: users, roles, and the settings of signing in."""
