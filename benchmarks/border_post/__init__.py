"""A whole border post under one agent: simulated days on a virtual clock, and real minutes on real ports."""
