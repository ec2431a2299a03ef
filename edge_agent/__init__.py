"""edge-agent: the program on the controller of a radiation portal.

The map of the house is in README.md; tests/test_house.py holds it.
"""

__version__ = "0.1.0"
