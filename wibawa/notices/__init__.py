"""Letters that tell an applicant what became of an application."""
