"""edge-agent: the program on the controller of a radiation portal.  Floors and rooms: docs/house.md."""

__version__ = "0.1.0"
