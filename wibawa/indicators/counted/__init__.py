"""The loans and borrowers behind a figure: split, listed, and along the funnel."""
