"""The wire of a portal, read strictly."""
