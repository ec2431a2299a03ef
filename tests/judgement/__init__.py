"""What readings mean: occupancies, alarms, faults."""
