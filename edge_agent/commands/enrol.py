"""`edge-agent enrol`: keys and the file that enrols this portal at a centre; a new TLS certificate; a refused log continued."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from edge_agent.commands import options
from edge_agent.words.errors import SettingsError
from edge_agent.words.language import tr, worded
from edge_agent.words.settings import Settings

HOW = "edge-agent enrol --continue"          # on record


def add(sub: options.Sub) -> None:
    made = options.parser(
        sub, "enrol",
        "Make this portal's keys (once) and the file that enrols it at a centre; with --renew-tls, a new TLS certificate for the "
        "same log, delivery goes on meanwhile; with --continue, begin a new log where the centre refuses the old one because "
        "the state directory was restored from an older copy.",
        "edge-agent enrol --out portal-QX-0042.json",
    )
    options.config(made)
    what = made.add_mutually_exclusive_group(required=True)
    what.add_argument("--out", type=Path, metavar="FILE", help="file to carry to the centre; no secret in it")
    what.add_argument("--continue", dest="go_on", action="store_true",
                      help="close the log that the centre refuses, begin its continuation; stop the core first")
    made.add_argument("--renew-tls", action="store_true",
                      help="with --out: a new TLS certificate; the one in use serves until the centre knows the new one")
    made.set_defaults(run=_run)


def _run(chosen: argparse.Namespace) -> int:
    from edge_agent.house.configuration import load

    settings = load(chosen.config).settings
    if chosen.go_on and not chosen.renew_tls:
        return _continue(settings)
    if chosen.go_on or (chosen.renew_tls and settings.centre and settings.centre.cert):
        raise SettingsError(worded(
            "--renew-tls does not go with --continue, nor with a certificate of your own (centre.cert).\n"
            "  Your own: replace the files, the uplink reads them anew; enrol it at the centre: edge-agent center enrol "
            "--help"))
    return _enrol(settings, chosen.out, renew=chosen.renew_tls)


def _enrol(settings: Settings, out: Path, *, renew: bool) -> int:
    from edge_agent.doors.files import write_whole
    from edge_agent.house import enrolment as house

    make = house.renew_tls if renew else house.enrol
    enrolment = make(Path(settings.portal.state), settings.portal.origin)
    digits = house.fingerprint(enrolment)               # of files that are damaged there is none, and nothing to carry
    write_whole(out, json.dumps(enrolment, indent=1).encode() + b"\n")
    print(tr("Log          {name}", name=enrolment["origin"]))
    print(tr("Enrolment    {file}   carry it to the centre: edge-agent center enrol DIR {file}", file=out))
    print(tr("Fingerprint  {digits}", digits=digits))
    print(tr("Read the fingerprint to the centre over the telephone; both must see the same digits."))
    if renew:
        print(tr("The log and its keys are the same.  The uplink shows the new certificate when the centre knows it, the one "
                 "before\nuntil then; nothing needs a restart.  Afterwards, there: edge-agent center revoke DIR {name}",
                 name=enrolment["origin"]))
    return 0


def _continue(settings: Settings) -> int:
    import asyncio

    from edge_agent.doors.files import who
    from edge_agent.house import continuation
    from edge_agent.house import enrolment as house

    state, origin = Path(settings.portal.state), settings.portal.origin
    begun = asyncio.run(continuation.begin(state, origin, {"name": who(), "how": HOW}))
    print(tr("Refused      {reason}", reason=begun.reason))
    print(tr("Meaning      this disk was restored from an older copy: the centre holds records of this log that are not here,\n"
             "             and others in their place.  Nothing on this device can mend that; a new log goes on from here."))
    print(tr("Closed       {name}: records here {size}, the same at both ends by receipt: the first {same}; kept, sent no more",
             name=begun.old, size=begun.size, same=begun.agreed["size"] if begun.agreed else 0))
    print(tr("Continues    {name}; its first record says so, and carries alarms the centre did not take", name=begun.new))
    print(tr("Fingerprint  {digits}", digits=house.fingerprint(house.enrol(state, origin))))
    print(tr("Start edge-agent.  The centre takes the new log at once, unconfirmed.  Read the fingerprint to it over the\n"
             "telephone; when both see the same digits, there: edge-agent center confirm DIR {name}", name=begun.new))
    return 0
