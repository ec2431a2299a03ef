"""For all tests: no example is judged by how long it took, least of all beside another worker."""

from __future__ import annotations

import pytest
from hypothesis import settings

settings.register_profile("edge-agent", deadline=None)
settings.load_profile("edge-agent")

# Files that take longest, first: workers that share the rest are not left waiting for one of them at the end.
LONGEST = (
    "live/test_setup.py", "install/test_bundle.py", "live/test_killed.py", "bus/test_border_post.py", "live/test_commission.py",
    "live/test_bad_input.py", "evidence/test_power_cut.py", "live/test_panel_names.py", "live/test_bad_disk.py",
    "live/test_every_command.py", "live/test_full_disk.py", "live/test_vehicles.py", "live/test_beams.py",
    "live/test_slow_disk.py", "live/test_source_check_live.py", "live/test_start_and_delivery.py", "live/test_relay.py",
    "live/test_commands.py", "evidence/test_crashes.py", "live/test_outage.py", "live/test_trend.py",
    "words_tools/test_diagnosis.py", "live/test_watching.py", "broker/test_post.py", "live/test_acting.py",
    "judgement/test_shadow_lane.py", "judgement/test_scene_alarms.py", "judgement/test_alarms.py", "kernel/test_kernel_shadow.py",
    "kernel/test_kernel_history.py", "mocks/test_scene_physics.py", "driver/test_every_decoder.py",
    "kernel/test_kernel_native.py",
    "evidence/test_vectors.py", "delivery/test_certificates.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    place = {f"tests/{name}": number for number, name in enumerate(LONGEST)}
    items.sort(key=lambda item: place.get(item.nodeid.partition("::")[0], len(place)))
