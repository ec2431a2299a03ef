"""What fuzzing found, each input of which failed before: the error is a documented one now, or the row is left out."""

from __future__ import annotations

import json

import pytest

from tests.evidence.bench import LOG_KEY

from .targets import ENROLMENT, _model_seed, targets

MODEL = json.loads(_model_seed())
BACKGROUND = {"rate_cps": [250.0] * 4, "exposure_s": 120.0, "age_s": 3.0}
HALF = ENROLMENT.replace(LOG_KEY.text().encode(), b"\\ud800" + LOG_KEY.text().encode())
FOUND = [
    ("core-answer", b"<html>\n"),
    ("core-answer", b"[1]\n"),
    ("core-answer", b"null\n"),
    ("core-answer", b'{"ok":false,"exit":"x"}\n'),
    ("core-answer", b'{"ok":false,"exit":1e999}\n'),
    ("core-answer", b"[" * 100_000 + b"\n"),
    ("model", json.dumps({**MODEL, "thresholds": True}).encode()),
    ("model", json.dumps({**MODEL, "tails": []}).encode()),
    ("history", b"\xff\xfe"),
    ("history", b"{"),
    ("history", b"[" * 100_000),
    ("history", b"[]"),
    ("history", b"{}"),
    ("history", json.dumps({**BACKGROUND, "rate_cps": [10**400] * 4}).encode()),
    ("history", json.dumps({**BACKGROUND, "exposure_s": "120"}).encode()),
    ("enrolment", HALF), ("continuation", HALF),
    ("capture", b"# edge-agent capture 1 start_ns=" + b"9" * 5000 + b"\n0.5 x\\n\n"),
]


@pytest.mark.parametrize(("name", "data"), FOUND, ids=lambda value: value if isinstance(value, str) else "")
def test_it_is_refused_as_documented(name: str, data: bytes) -> None:
    next(target for target in targets() if target.name == name)(data)


@pytest.mark.parametrize("rates", [[float("nan")] * 4, [float("inf")] * 4, [1e300] * 4, [-1.0] * 4])
def test_a_background_that_cannot_be_is_never_put_back(rates: list[float]) -> None:
    """A lane that believed it would be blind, and armed."""
    import asyncio

    from edge_agent.words.reading import Radiation

    from .targets import put_back

    class Rows:
        async def backgrounds(self) -> dict[tuple[str, str], tuple[int, dict[str, object]]]:
            return {("2", "gamma"): (1_795_456_800_000_000_000, {**BACKGROUND, "rate_cps": rates})}

    lane = asyncio.run(put_back(Rows()))  # type: ignore[arg-type]
    assert lane.portal.rules.background(Radiation.GAMMA, 5_000_000_000) is None
    whole = asyncio.run(put_back(Rows2()))  # type: ignore[arg-type]
    assert whole.portal.rules.background(Radiation.GAMMA, 5_000_000_000) is not None


class Rows2:
    async def backgrounds(self) -> dict[tuple[str, str], tuple[int, dict[str, object]]]:
        return {("2", "gamma"): (1_795_456_800_000_000_000, BACKGROUND)}
