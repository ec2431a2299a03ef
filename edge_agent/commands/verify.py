"""`edge-agent verify`: a log checked from first to last, from files or from this portal's own ledger."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from edge_agent.commands import options
from edge_agent.words.errors import EvidenceError, SettingsError
from edge_agent.words.language import joined, mark, tr, trn, worded

NO_RECEIPT = mark("no receipt says when")
RECEIPTS_SHOWN = 3                  # the newest


def add(sub: options.Sub) -> None:
    made = options.parser(
        sub, "verify", "Check a log from first to last record.",
        "edge-agent verify --log log.ndjson --key portal.jwk --checkpoint checkpoint.txt "
        "--log-key portal.vkey --centre-key centre.vkey",
    )
    made.add_argument("--log", type=Path, metavar="FILE", help="lines to check; left out: this portal's ledgers")
    made.add_argument("--key", type=Path, metavar="JWK", help="public key of record 0")
    made.add_argument("--checkpoint", type=Path, metavar="FILE", help="checkpoint note over the log")
    made.add_argument("--receipt", type=Path, action="append", default=[], metavar="FILE", help="receipt note; repeatable")
    made.add_argument("--stump", type=Path, metavar="FILE", help="what a pruned log begins with; --log: the lines after it")
    made.add_argument("--log-key", type=Path, metavar="VKEY", help="verifier key of the portal's checkpoints")
    made.add_argument("--centre-key", type=Path, metavar="VKEY", help="verifier key of the centre's receipts")
    made.add_argument("--witness-key", type=Path, action="append", default=[], metavar="VKEY",
                      help="verifier key of a witness that cosigns receipts; repeatable")
    made.add_argument("--record", type=int, metavar="SEQ", help="say of one record between which times it was signed")
    options.config(made)
    made.add_argument("--state", type=Path, metavar="DIR", help="state directory instead of the configured one")
    options.as_json(made)
    made.set_defaults(run=_run)


def _run(chosen: argparse.Namespace) -> int:
    reports = [_files(chosen)] if chosen.log else _ledgers(chosen)
    if chosen.json:
        print(json.dumps({"whole": all(report["whole"] for report in reports), "logs": reports}, indent=1))
    else:
        for report in reports:
            print("\n".join(_page(report)))
    if chosen.record is not None and not any(report["record"] for report in reports):
        raise SettingsError(worded("no record {seq} is here: {held}", seq=chosen.record, held=joined("; ", (
            worded("{log} holds {first} to {last}", log=report["origin"], first=report["pruned"],
                   last=report["pruned"] + report["records"] - 1) for report in reports))))
    return 0 if all(report["whole"] for report in reports) else EvidenceError.exit_code


def _files(chosen: argparse.Namespace) -> dict[str, Any]:
    from edge_agent.tools import notes, stump, verify

    if chosen.key is None and chosen.stump is None:
        raise SettingsError(worded("--key is missing: the public key of record 0, a JWK file"))
    log_key = _vkey(chosen.log_key)
    centre_key = _vkey(chosen.centre_key)
    if chosen.checkpoint is not None and log_key is None:
        raise SettingsError(worded("--log-key is missing: a checkpoint is checked with the portal's verifier key"))
    pruned = stump.read(options.read_bytes(chosen.stump)) if chosen.stump else None
    data = options.read_bytes(chosen.log)
    short = worded("the last line does not end: the file is cut short")
    problems = [] if data.endswith(b"\n") or not data else [short]
    report = verify.verify_log(
        data.removesuffix(b"\n").split(b"\n") if data else [], _jwk(chosen.key) if chosen.key else b"", pruned=pruned,
        checkpoint=options.read_bytes(chosen.checkpoint) if chosen.checkpoint else None,
        receipts=[options.read_bytes(path) for path in chosen.receipt], log_key=log_key, centre_key=centre_key,
        witness_keys=[_vkey(path) for path in chosen.witness_key],
    )
    report.problems += problems
    assert log_key is None or isinstance(log_key, notes.VerifierKey)
    return _plain(report, chosen.record)


def _ledgers(chosen: argparse.Namespace) -> list[dict[str, Any]]:
    from edge_agent.house import audit
    from edge_agent.house.configuration import load
    from edge_agent.tools.notes import read_vkey

    state, centre_key = chosen.state, _vkey(chosen.centre_key)
    witnesses = [_vkey(path) for path in chosen.witness_key]
    if state is None:
        settings = load(chosen.config).settings
        state = Path(settings.portal.state)
        if centre_key is None and settings.centre is not None:
            centre_key = read_vkey(settings.centre.vkey)
    if chosen.key or chosen.stump or chosen.log_key:
        raise SettingsError(worded(
            "--key, --stump and --log-key belong to files: --log FILE.\n  This portal's ledgers bring their own"))
    given = [options.read_bytes(path) for path in (*chosen.receipt, chosen.checkpoint) if path]
    return [_plain(report, chosen.record) for report in audit.verify_state(state, centre_key, witnesses, given)]


def _vkey(path: Path | None) -> Any:
    from edge_agent.tools.notes import read_vkey

    if path is None:
        return None
    try:
        return read_vkey(options.read_bytes(path).decode("utf-8", "replace"))
    except EvidenceError as problem:
        raise SettingsError(worded(
            "{path} is not a verifier key: {problem}.\n"
            "  Expected: name+id+base64 on one line; a portal's is log_key in its enrolment file, a centre's is vkey on "
            "its card",
            path=path, problem=problem)) from None


def _jwk(path: Path) -> bytes:
    from edge_agent.tools.verify import read_jwk

    try:
        return read_jwk(options.read_bytes(path))
    except EvidenceError as problem:
        raise SettingsError(worded(
            "{path} is not the public key of record 0: {problem}.\n"
            "  Expected: a JWK {{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":...}}, the record_key of the portal's enrolment "
            "file",
            path=path, problem=problem)) from None


def _plain(report: Any, record: int | None) -> dict[str, Any]:
    return {
        "whole": report.whole, "origin": report.origin, "records": report.records, "pruned": report.cut,
        "kinds": dict(report.kinds),
        "checkpoint_size": report.checkpoint.size if report.checkpoint else None,
        "receipts": [
            {"centre": receipt.centre, "size": receipt.checkpoint.size, "time_s": receipt.time_s}
            for receipt in report.receipts[-RECEIPTS_SHOWN:]
        ],
        "receipts_held": len(report.receipts),
        "witnessed": [{"witness": name, "size": found.checkpoint.size, "time_s": found.time_s}
                      for name, found in report.witnessed.items()],
        "problems": report.problems, "questions": report.questions,
        "record": _record(report, record),
    }


def _record(report: Any, seq: int | None) -> dict[str, Any] | None:
    """When one record was signed, as far as receipts tell."""
    if seq is None or not report.cut <= seq < report.size:
        return None
    found = report.brackets.of(seq)
    return {"seq": seq, "after_s": found.after_s, "before_s": found.before_s, "text": found.text() or NO_RECEIPT}


def _page(report: dict[str, Any]) -> list[str]:
    from datetime import UTC, datetime

    kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(report["kinds"].items())) or tr("none", about="records")
    lines = [trn("{log}: {n} record verified ({kinds})", "{log}: {n} records verified ({kinds})", report["records"],
                 log=report["origin"] or tr("log"), kinds=kinds)]
    if report["records"] and not any(problem.startswith("record") for problem in report["problems"]):
        lines.append(tr("  every signature, one key per record, sequence and hashes hold"))
    if report["pruned"]:
        lines.append(trn("  the first {n} is pruned; what stays of it leads to a checkpoint that both ends signed",
                         "  the first {n} are pruned; what stays of them leads to a checkpoint that both ends signed",
                         report["pruned"]))
    if report["checkpoint_size"] is not None:
        lines.append(trn("  checkpoint over {n} record holds", "  checkpoint over {n} records holds", report["checkpoint_size"]))
    for receipt in report["receipts"]:
        lines.append(trn("  receipt of {centre} over {n} record, {moment} UTC, holds",
                         "  receipt of {centre} over {n} records, {moment} UTC, holds", receipt["size"], centre=receipt["centre"],
                         moment=f"{datetime.fromtimestamp(receipt['time_s'], UTC):%Y-%m-%d %H:%M:%S}"))
    if report["receipts_held"] > RECEIPTS_SHOWN:
        lines.append(trn("  so does {n} earlier one", "  so do {n} earlier ones", report["receipts_held"] - RECEIPTS_SHOWN))
    for one in report["witnessed"]:
        lines.append(trn("  cosigned by the witness {witness} over {n} record, {moment} UTC",
                         "  cosigned by the witness {witness} over {n} records, {moment} UTC", one["size"],
                         witness=one["witness"], moment=f"{datetime.fromtimestamp(one['time_s'], UTC):%Y-%m-%d %H:%M:%S}"))
    if report["record"]:
        lines.append(tr("  record {seq}: {text}", seq=report["record"]["seq"], text=tr(report["record"]["text"])))
    lines += [tr("  QUESTION {question}; nothing is refused for it", question=question) for question in report["questions"]]
    lines += [tr("  REFUSED {problem}", problem=problem) for problem in report["problems"]]
    return lines
