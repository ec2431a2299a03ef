"""Ground floor: plain values.  No I/O, no clock, no imports of the floors above."""
