"""What every page shares: formats, form fields, errors and the clock."""
