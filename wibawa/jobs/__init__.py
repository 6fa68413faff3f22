"""Long work: asked for on a page, done by a worker beside it, with progress that survives both."""
