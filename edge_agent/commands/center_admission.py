"""`edge-agent center` on who may send: enrol, confirm, revoke, withdraw."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from edge_agent.commands import options
from edge_agent.words.errors import EvidenceError, SettingsError

DONE = {"log": "registered", "certificate": "a new TLS certificate registered", "nothing": "registered already"}


def enrol(args: argparse.Namespace) -> int:
    """Nothing is registered before two people have compared the digits."""
    from edge_agent.center import comparison, enrolment, registry, store

    wanted = enrolment.of_file(args.file, options.read_bytes(args.file))
    digits = registry.digits(wanted)
    with store.opened(args.dir) as db:
        if args.fingerprint is not None:
            comparison.compare(args.file, digits, args.fingerprint)
        elif registry.weigh(db, wanted) != "nothing":
            _ask(args.file, wanted.origin, digits)
        enrolled = registry.enrol(db, wanted, _now_ms())
    print(f"{enrolled.origin}: {DONE[enrolled.new]}")
    print(f"  digits  {enrolled.fingerprint}")
    return 0


def _ask(file: Path, origin: str, digits: str) -> None:
    """Whether the portal's person reads the same digits; an error unless he does."""
    from edge_agent.center import comparison

    if not sys.stdin.isatty():
        raise SettingsError(_nobody(file))
    print(f"{origin}, from {file}:\n\n      {digits}\n")
    print("Telephone the person at the portal, who finds these digits on the screen there.  Let that person read first.")
    while True:
        try:
            answer = input("Are all six groups the same? yes or no: ").strip().lower()
        except EOFError:
            raise SettingsError(_nobody(file)) from None
        if answer == "yes":
            return
        if answer == "no":
            raise EvidenceError(comparison.refusal(file, "the portal's digits are others"))


def _nobody(file: Path) -> str:
    return (f"{file} is not registered: nobody has compared its digits with the portal's.\n"
            "  At a terminal this command shows them and asks.  Or give those read at the portal: --fingerprint \"DIGITS\"")


def confirm(args: argparse.Namespace) -> int:
    from edge_agent.center import registry, store

    with store.opened(args.dir) as db:
        confirmed = registry.confirm(db, args.origin, _now_ms())
    print(f"{confirmed.origin}: " + ("confirmed" if confirmed.new == "log" else "confirmed already"))
    print(f"  fingerprint  {confirmed.fingerprint}")
    return 0


def revoke(args: argparse.Namespace) -> int:
    from edge_agent.center import registry, store

    with store.opened(args.dir) as db:
        count = registry.revoke(db, args.origin, newest_too=args.all)
    left = "none is left; enrol it anew: center enrol" if args.all else "the newest is left"
    print(f"{args.origin}: {count} certificates taken; {left}")
    return 0


def withdraw(args: argparse.Namespace) -> int:
    from edge_agent.center import shelves, store, withdrawal

    with store.opened(args.dir) as db:
        gone = withdrawal.withdraw(db, args.origin, args.by, args.why, _now_ms())
        continues = next((log.origin for log in shelves.logs(db) if log.number == gone[0].parent), None)
    print("\n".join(f"{log.origin}: withdrawn; on record in edge-agent center report {args.dir}" for log in gone))
    print("  A centre that runs takes nothing more of it from now on.  Where a broker is used: center broker, and restart it")
    if continues is None:
        print(f"  To register the true portal: edge-agent center enrol {args.dir} FILE")
    else:
        print("  Whoever holds the portal's TLS key can begin it again.  Is that somebody else: edge-agent center revoke\n"
              f"  {args.dir} {continues} --all, then withdraw once more what was begun meanwhile")
    return 0


def _now_ms() -> int:
    return time.time_ns() // 10**6
