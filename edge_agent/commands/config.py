"""`edge-agent config check`: reads configuration and profiles, changes nothing."""

from __future__ import annotations

import argparse
import json

from edge_agent.commands import options


def add(sub: options.Sub) -> None:
    group = options.parser(sub, "config", "Look at the configuration.", "edge-agent config check")
    inner = group.add_subparsers(dest="what", metavar="WHAT", required=True)
    check = options.parser(inner, "check", "Read configuration and profiles and say what holds.", "edge-agent config check")
    options.config(check)
    options.as_json(check)
    check.set_defaults(run=_check)


def _check(chosen: argparse.Namespace) -> int:
    from edge_agent.hands import links
    from edge_agent.house.configuration import load
    from edge_agent.house.way_up import check_trust
    from edge_agent.judgement.modes import shadow_off
    from edge_agent.judgement.rules import NOT_FITTED

    configuration = load(chosen.config)
    check_trust(configuration)
    if chosen.json:
        print(json.dumps({"ok": True, "cfg": configuration.hash, **configuration.plain()}, indent=1))
        return 0
    settings = configuration.settings
    print(f"{configuration.path}: good")
    print(f"  log     {settings.portal.origin}")
    for lane in settings.lane:
        link = lane.link
        where = links.place(link)
        if link.kind in links.SERIAL:
            where += f" {link.baud} {link.data_bits}{link.parity}{link.stop_bits}"
        if link.unit:
            where += f" unit {link.unit}"
        verified = "" if lane.panels_verified else "   panels unverified"
        print(f"  lane    {lane.name}: {configuration.profiles[lane.name].title}, {link.kind} {where}{verified}")
        off = shadow_off(lane, configuration.models.get(lane.name))
        print(f"          {lane.kind}, {lane.mode}; shadow test {f'off: {off}' if off else 'on'}")
        if lane.out_of_service:
            left = set(lane.gamma or configuration.profiles[lane.name].gamma) - {NOT_FITTED, *lane.out_of_service}
            blind = "" if left else "; BLIND: no gamma panel is left"
            print(f"          WITHOUT {', '.join(lane.out_of_service)}: in no sum until taken from out_of_service{blind}")
    print(f"  centre  {settings.centre.url if settings.centre else 'none: records are kept and not sent'}")
    print(f"  hash    {configuration.hash}")
    return 0
