"""A whole border post under one agent, simulated days on a virtual clock (its real minutes on real ports are not written yet)."""
