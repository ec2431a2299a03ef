"""Reference centre: takes lines, proves them, gives receipts.  Shares only words and tools with the portal."""
