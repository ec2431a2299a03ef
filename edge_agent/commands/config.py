"""`edge-agent config check`: reads configuration and profiles, changes nothing."""

from __future__ import annotations

import argparse
import json

from edge_agent.commands import options
from edge_agent.words.language import tr
from edge_agent.words.settings import LampSettings, LaneSettings, LinkSettings, Settings

# beyond these a clean passage never alarms in a lane's life, and a source has to be about twice as strong as at the usual setting
KSIGMA_MOST, FOCUS_MOST, NEUTRON_LEAST = 12.0, 10.0, 1e-12


def add(sub: options.Sub) -> None:
    group = options.parser(sub, "config", "Look at the configuration.", "edge-agent config check")
    inner = group.add_subparsers(dest="what", metavar="WHAT", required=True)
    check = options.parser(inner, "check", "Read configuration and profiles and say what holds.", "edge-agent config check")
    options.config(check)
    options.as_json(check)
    check.set_defaults(run=_check)


def _deaf(lane: LaneSettings) -> list[str]:
    """Settings at which a rule sees next to nothing; each is allowed, for who knows why."""
    alarm = lane.alarm
    found = {"ksigma_n": alarm.ksigma_n > KSIGMA_MOST, "focus_threshold": alarm.focus_threshold > FOCUS_MOST,
             "shadow_threshold": alarm.shadow_threshold > FOCUS_MOST, "neutron_p": alarm.neutron_p < NEUTRON_LEAST}
    return [f"{key} = {getattr(alarm, key):g}" for key, deaf in found.items() if deaf]


def _wire(link: LinkSettings) -> str:
    from edge_agent.hands import links

    speed = f" {link.baud} {link.data_bits}{link.parity}{link.stop_bits}" if link.kind in links.SERIAL else ""
    return f"{link.kind} {links.place(link)}{speed}" + (tr(" unit {unit}", unit=link.unit) if link.unit else "")


def _of_lane(lane: LaneSettings) -> list[str]:
    """What else the lane's own table has."""
    found = []
    if (told := lane.occupancy) is not None:
        found.append(tr("          occupancy from inputs of lane {module}: {inputs}", module=told.module,
                        inputs=", ".join(told.inputs)))
    if lane.relay is not None:
        found.append(tr("          relay   {place}, for {allowed}", place=f"{lane.relay.host}:{lane.relay.port}",
                        allowed=", ".join(lane.relay.allow) or tr("nobody: allow is empty")))
    return found


def _besides(settings: Settings) -> list[str]:
    """Whatever is configured beside lanes and centre, a line each."""
    found = [tr("  gps     {link}", link=_wire(settings.gps.link))] if settings.gps else []
    found += [tr("  stream  {name}: {kind}, {place}{lane}", name=one.name, kind=_kind(one.kind), place=f"{one.host}:{one.port}",
                 lane=_at(one.lane)) for one in settings.stream]
    found += [tr("  inbox   {directory}: {kind}{lane}", directory=one.directory, kind=_kind(one.kind), lane=_at(one.lane))
              for one in settings.inbox]
    found += [_lamps(one) for one in settings.annunciator.module]
    return found if settings.annunciator.kind != "none" else [*found, tr("  lamps   none: nobody is told at the lane")]


def _lamps(module: LampSettings) -> str:
    place = f"{module.host}:{module.port}" if module.host else tr("the bus of lane {lane}", lane=module.bus)
    return tr("  lamps   {place} unit {unit}, of {lanes}: {coils}; {button}", place=place, unit=module.unit,
              lanes=", ".join(module.lanes) or tr("every lane"),
              coils=", ".join(f"{name} {coil}" for name, coil in module.coils.items()),
              button=tr("button at input {button}", button=module.button) if module.button >= 0 else tr("no button"))


def _kind(kind: str) -> str:
    return kind or tr("as each document says")


def _at(lane: str) -> str:
    return tr(", at lane {lane}", lane=lane) if lane else ""


def _check(chosen: argparse.Namespace) -> int:
    from edge_agent.house import places
    from edge_agent.house.configuration import load
    from edge_agent.house.models import LEARN
    from edge_agent.house.way_up import check_trust
    from edge_agent.judgement import geometry_check
    from edge_agent.judgement.modes import CONTINUOUS, UNUSABLE, shadow_off
    from edge_agent.judgement.rules import NOT_FITTED, lane_detectors
    from edge_agent.words.reading import Radiation

    configuration = load(chosen.config)
    places.look(configuration.settings, configuration.path)
    check_trust(configuration)
    unusable = configuration.unusable
    misplaced = {lane.name: why for lane in configuration.settings.lane if (why := geometry_check.trouble(
        lane.geometry, lane_detectors(lane, configuration.profiles[lane.name])[Radiation.GAMMA]))}
    if chosen.json:
        print(json.dumps({"ok": not (unusable or misplaced), "cfg": configuration.hash, **configuration.plain(),
                          "unusable_models": unusable, "misplaced": misplaced}, indent=1))
        return 1 if unusable or misplaced else 0
    settings = configuration.settings
    print(tr("{file}: good, but a shadow model cannot be used", file=configuration.path) if unusable else
          tr("{file}: good, but panels cannot stand as it says", file=configuration.path) if misplaced else
          tr("{file}: good", file=configuration.path))
    print(tr("  log     {name}", name=settings.portal.origin))
    for lane in settings.lane:
        verified = "" if lane.panels_verified else tr("   panels unverified")
        print(tr("  lane    {name}: {title}, {link}{verified}", name=lane.name, title=configuration.profiles[lane.name].title,
                 link=_wire(lane.link), verified=verified))
        for line in _of_lane(lane):
            print(line)
        model = configuration.models.get(lane.name)
        off = UNUSABLE if lane.name in unusable else shadow_off(lane, model)
        print(tr("          {kind}, {mode}; shadow test off: {why}", kind=lane.kind, mode=lane.mode, why=tr(off)) if off else
              tr("          {kind}, {mode}; shadow test on", kind=lane.kind, mode=lane.mode))
        if model and model.origin:
            print(tr("          model {name}: {origin}", name=model.sha256[:8], origin=model.origin))
        if lane.name in unusable:
            print(tr("          FAULT {why}", why=unusable[lane.name]))
            print(f"          {tr(LEARN, lane=lane.name)}")
        if lane.name in misplaced:
            print(tr("          FAULT {why}", why=misplaced[lane.name]))
            print(tr("          Measure along, across and height in m and write all panels of [lane.geometry], or none."))
        profile = configuration.profiles[lane.name]
        if min(profile.silence_s, profile.occupied_silence_s) <= profile.gamma_interval_s:
            print(tr("          silence_s or occupied_silence_s is no longer than gamma_interval_s: silence between every two "
                     "samples"))
        for key in _deaf(lane):
            print(tr("          {key}: so high that the rule hardly ever alarms", key=key))
        if lane.mode == CONTINUOUS and lane.alarm.focus_threshold:
            print(tr("          focus_threshold changes nothing in continuous mode: focus_vacant_threshold of the profile does"))
        if not lane.alarm.ksigma_sums:
            print(tr("          ksigma_sums is empty: k-sigma looks at the sum of all panels"))
        if lane.out_of_service:
            left = set(lane.gamma or configuration.profiles[lane.name].gamma) - {NOT_FITTED, *lane.out_of_service}
            out = ", ".join(lane.out_of_service)
            print(tr("          WITHOUT {panels}: in no sum until taken from out_of_service", panels=out) if left else
                  tr("          WITHOUT {panels}: in no sum until taken from out_of_service; BLIND: no gamma panel is left",
                     panels=out))
    for line in _besides(settings):
        print(line)
    print(tr("  centre  {url}", url=settings.centre.url if settings.centre else tr("none: records are kept and not sent")))
    print(tr("  hash    {hash}", hash=configuration.hash))
    return 1 if unusable or misplaced else 0
