"""Fifth floor: where hands meet.  lane: wire to event; scribe: event to ledger; outbox, forwarder: ledger to centre."""
