"""A whole border post under one agent, simulated hours on a virtual clock, or real minutes on real ptys and ports."""
