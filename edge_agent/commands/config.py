"""`edge-agent config check`: reads configuration and profiles, changes nothing."""

from __future__ import annotations

import argparse
import json

from edge_agent.commands import options
from edge_agent.words.language import tr


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
    from edge_agent.house.models import LEARN
    from edge_agent.house.way_up import check_trust
    from edge_agent.judgement.modes import UNUSABLE, shadow_off
    from edge_agent.judgement.rules import NOT_FITTED

    configuration = load(chosen.config)
    check_trust(configuration)
    unusable = configuration.unusable
    if chosen.json:
        print(json.dumps({"ok": not unusable, "cfg": configuration.hash, **configuration.plain(), "unusable_models": unusable},
                         indent=1))
        return 1 if unusable else 0
    settings = configuration.settings
    print(tr("{file}: good, but a shadow model cannot be used", file=configuration.path) if unusable else
          tr("{file}: good", file=configuration.path))
    print(tr("  log     {name}", name=settings.portal.origin))
    for lane in settings.lane:
        link = lane.link
        where = links.place(link)
        if link.kind in links.SERIAL:
            where += f" {link.baud} {link.data_bits}{link.parity}{link.stop_bits}"
        if link.unit:
            where += tr(" unit {unit}", unit=link.unit)
        verified = "" if lane.panels_verified else tr("   panels unverified")
        print(tr("  lane    {name}: {title}, {link}{verified}", name=lane.name, title=configuration.profiles[lane.name].title,
                 link=f"{link.kind} {where}", verified=verified))
        model = configuration.models.get(lane.name)
        off = UNUSABLE if lane.name in unusable else shadow_off(lane, model)
        print(tr("          {kind}, {mode}; shadow test off: {why}", kind=lane.kind, mode=lane.mode, why=tr(off)) if off else
              tr("          {kind}, {mode}; shadow test on", kind=lane.kind, mode=lane.mode))
        if model and model.origin:
            print(tr("          model {name}: {origin}", name=model.sha256[:8], origin=model.origin))
        if lane.name in unusable:
            print(tr("          FAULT {why}", why=unusable[lane.name]))
            print(f"          {tr(LEARN, lane=lane.name)}")
        if lane.out_of_service:
            left = set(lane.gamma or configuration.profiles[lane.name].gamma) - {NOT_FITTED, *lane.out_of_service}
            out = ", ".join(lane.out_of_service)
            print(tr("          WITHOUT {panels}: in no sum until taken from out_of_service", panels=out) if left else
                  tr("          WITHOUT {panels}: in no sum until taken from out_of_service; BLIND: no gamma panel is left",
                     panels=out))
    print(tr("  centre  {url}", url=settings.centre.url if settings.centre else tr("none: records are kept and not sent")))
    print(tr("  hash    {hash}", hash=configuration.hash))
    return 1 if unusable else 0
