"""First floor: pure work on values.  No I/O, no clock; imports words only."""
