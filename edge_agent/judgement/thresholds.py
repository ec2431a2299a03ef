"""Which thresholds are in force in a lane: the site's own where it states one, else those of the model's calibration."""

from __future__ import annotations

from dataclasses import dataclass

from edge_agent.tools.model_file import ModelFile
from edge_agent.words.errors import SettingsError
from edge_agent.words.language import worded
from edge_agent.words.settings import LaneSettings

FOCUS_UNLEARNED = 5.1           # 4e-5 false alarms per passage of 10 s without a model (docs/decisions/0002)
LEAST = 3.0                     # sigma: below, every hundredth passage would alarm


@dataclass(frozen=True, slots=True)
class Thresholds:
    """In sigma."""

    focus: float
    shadow: float               # 0: without a model the test has nothing to say
    focus_alone_less: float     # so much lower may FOCuS be at the end of a passage the shadow test was silent about


def in_force(lane: LaneSettings, model: ModelFile | None) -> Thresholds:
    """SettingsError names a threshold no lane can live with."""
    alarm, learned = lane.alarm, model.thresholds if model else {}
    for key, value in (("focus_threshold", alarm.focus_threshold), ("shadow_threshold", alarm.shadow_threshold)):
        if 0.0 < value < LEAST:
            raise SettingsError(worded(
                "lane {name}: {key} = {value:g}: expected 0 or {least:g} to 20 sigma.\n"
                "  0 takes the model's own calibration; 5.1 is usual for FOCuS without a model.",
                name=lane.name, key=key, value=value, least=LEAST))
    focus = alarm.focus_threshold or learned.get("focus", FOCUS_UNLEARNED)
    alone = learned.get("focus_alone", focus) if not alarm.focus_threshold else focus
    return Thresholds(focus, alarm.shadow_threshold or learned.get("glrt", 0.0), max(0.0, focus - alone))
