"""Who may do what: permissions, users, sign-in, sessions, personal data and the trail."""
