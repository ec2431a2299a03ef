"""Answers of a technician into the configuration file.  Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class LaneAnswers:
    name: str
    kind: str
    driver: str
    link: Mapping[str, str | int | float]
    count_means: str = ""
    continuous: bool = False
    relay: Mapping[str, str | int] = field(default_factory=dict)        # host, port, station: who listens on in its place


@dataclass(slots=True)
class Answers:
    origin: str
    state: str
    sockets: str
    annunciator: str
    lanes: Sequence[LaneAnswers] = field(default_factory=list)
    centre: Mapping[str, Any] | None = None         # url and vkey of the centre's card


def configuration(answers: Answers) -> str:
    """edge-agent.toml as setup writes it: what was answered; everything else is as shipped."""
    lines = [
        "# Written by edge-agent setup.  Look: edge-agent config check.  Every key: the shipped example",
        "version = 1", "", "[portal]", f"origin = {_text(answers.origin)}", f"state = {_text(answers.state)}",
        f"sockets = {_text(answers.sockets)}",
    ]
    for lane in answers.lanes:
        lines += ["", "[[lane]]", f"name = {_text(lane.name)}", f"driver = {_text(lane.driver)}", f"kind = {_text(lane.kind)}"]
        lines += ['mode = "continuous"'] if lane.continuous else []
        lines += [f"count_means = {_text(lane.count_means)}"] if lane.count_means else []
        lines += ["panels_verified = false             # true once the check source has shown which field is which panel"]
        lines += ["[lane.link]", *(f"{key} = {_value(value)}" for key, value in lane.link.items())]
        lines += _relay(lane.relay) if lane.relay else []
    lines += ["", "[annunciator]", f"kind = {_text(answers.annunciator)}"]
    if answers.centre is not None:
        lines += ["", "[centre]", f"url = {_text(str(answers.centre['url']))}", f"vkey = {_text(str(answers.centre['vkey']))}",
                  'ca = "centre.pem"']
    return "\n".join(lines) + "\n"


def _relay(relay: Mapping[str, str | int]) -> list[str]:
    return ["[lane.relay]                       # the alarm station connects here instead of to the portal (docs/relay.md)",
            f"host = {_value(relay['host'])}", f"port = {_value(relay['port'])}", f"allow = [{_value(relay['station'])}]"]


def swap(lane: LaneAnswers) -> str:
    """How the alarm station goes over to us and back, for the file beside the configuration."""
    portal, ours = f"{lane.link['host']}:{lane.link.get('port', '')}".rstrip(":"), f"{lane.relay['host']}:{lane.relay['port']}"
    return (
        f"Alarm station {lane.relay['station']} of lane {lane.name}\n\n"
        f"            it connects to\nbefore      {portal} (the portal)\nafter       {ours} (this controller)\n\n"
        'Now:  on the station, the address of "after" in place of "before".\n'
        f"      edge-agent status says: relay of lane {lane.name}: 1 listening\n"
        'Undo: on the station, the address of "before" again; here\n'
        "      sudo systemctl disable --now edge-agent-relay edge-agent\n"
        "      The portal takes one connection: it is free for the station when the agent is stopped.\n")


def _value(value: str | int | float) -> str:
    return str(value) if isinstance(value, int | float) else _text(value)


def _text(value: str) -> str:
    """A TOML basic string; JSON's escapes are TOML's."""
    return json.dumps(value, ensure_ascii=False)
