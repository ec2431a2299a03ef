"""For all tests: no example is judged by how long it took, least of all beside another worker."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("edge-agent", deadline=None)
settings.load_profile("edge-agent")
