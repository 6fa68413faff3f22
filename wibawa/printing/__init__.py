"""Papers that are handed out: plain data in `documents`, drawn by `pdf`."""
