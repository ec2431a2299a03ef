"""The picture of a passage in C against the plain reference: every bin of every panel to 1e-9."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference_shadow import look
from test_kernel_shadow import Told, model

from edge_agent.tools.kernel import KernelSettings, Lane
from edge_agent.words.reading import Radiation


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**32), panels=st.integers(1, 8), interval_s=st.sampled_from([0.05, 0.2, 0.5]),
    length_m=st.floats(3.0, 20.0), speed=st.floats(0.7, 6.0), finished=st.booleans(), lost=st.sampled_from([0.0, 0.1]),
    out=st.integers(0, 2**8),
)
def test_any_passage_is_drawn_as_it_was_judged(seed, panels, interval_s, length_m, speed, finished, lost, out) -> None:
    rng = np.random.default_rng(seed)
    learned = model(panels, rng)
    told = Told(KernelSettings(panels, before_s=1.5, after_s=1.0), rng, interval_s, 500.0)
    told.samples(2.0)
    told.lane.in_service(Radiation.GAMMA, (~out & (1 << panels) - 1) or 1)
    on_s = told.t_s
    told.lane.beam(on_s, True)
    told.samples(length_m / speed, lost)
    end_s = told.t_s if finished else told.kept[-1][0]          # the newest sample that came
    if finished:
        told.lane.beam(end_s, False)
        told.samples(1.0)
    told.lane.speed(told.t_s, speed)
    told.lane.learned(learned)
    drawn = told.lane.picture()
    wanted = look(told.passage(on_s, end_s, finished, speed, learned.geometry), learned)
    if drawn is None or wanted is None:
        assert drawn is None and told.lane.shadow().why
        return
    reference = wanted[1]["drawn"]
    rows = len(drawn.begin_s)
    assert drawn.begin_s == pytest.approx(reference["begin_s"].tolist(), rel=1e-12)
    assert drawn.exposure_s == pytest.approx(reference["exposure_s"].tolist(), rel=1e-12)
    assert drawn.seen.statistic == told.lane.shadow().statistic
    for name in ("counts", "background", "shadowed", "source"):
        found = [x for panel in reference["chosen"] for x in getattr(drawn, name)[panel]]
        assert len(found) == rows * len(reference["chosen"])
        assert found == pytest.approx(reference[name].tolist(), rel=1e-9, abs=1e-7), name


def test_without_a_vehicle_or_a_model_there_is_no_picture() -> None:
    lane = Lane(KernelSettings(2))
    assert lane.picture() is None
    lane.learned(model(2, np.random.default_rng(1)))
    assert lane.picture() is None
