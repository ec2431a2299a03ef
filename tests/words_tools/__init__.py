"""Settings, sockets, the queue before the ledger."""
