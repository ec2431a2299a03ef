"""Fuzz targets for every parser that meets the network or the disk: `make fuzz`, short forms in test_fuzz.py."""
