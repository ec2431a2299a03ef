"""Second floor: what readings mean.  Pure and synchronous; time comes in as a value."""
