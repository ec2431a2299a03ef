"""Sixth floor: core and uplink are put together here, started, and closed in order."""
