"""Every record lies between two times that the centre signed; a clock outside is a question, never a proof."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.commands import main
from edge_agent.house import audit, looking_back
from edge_agent.tools import ed25519, notes
from edge_agent.tools.base64url import encode
from edge_agent.tools.bracket import Bracket, Brackets, clock_of, utc
from edge_agent.tools.notes import Receipt
from edge_agent.words.record import Checkpoint

from .bench import ORIGIN, T
from .test_retention import CENTRE, NOW_S, Portal, story_of

DAY_S = 86_400
ALARM: dict[str, Any] = {
    "id": "T/1/1", "lane": "2", "radiation": "gamma", "rule": "vendor", "statistic": None, "threshold": None, "window_s": 0.2,
    "counts": 400, "expected": None, "expected_sd": None, "sum": ["Aa1"], "detectors": {"Aa1": {"counts": 400, "bkg": None}},
    "occupancy": None, "speed_mps": None, "at": {"boot": 1, "mono_ms": 1, "wall": None}, "notes": [], "agent": "1", "cfg": "c",
}


def t_at(time_s: float) -> dict[str, Any]:
    from edge_agent.tools.times import iso

    return {**T, "wall": iso(int(time_s * 1e9))}


async def two_days(portal: Portal, alarm_clock_s: float | None = None) -> None:
    """Receipt over 2 two days ago, named by the heartbeat 2; the alarm is 3; receipt over 6 yesterday."""
    t = t_at(NOW_S - 1.5 * DAY_S)
    await portal.ledger.append([("fault", {}), ("fault", {})], t_at(NOW_S - 3 * DAY_S))
    await portal.receipt(2, 2)
    kept = await portal.ledger.receipt()
    assert kept
    await portal.ledger.append([("heartbeat", {"receipt": {"size": 2, "sha256": encode(kept.sha256)}})], t)
    await portal.ledger.append([("alarm", ALARM)], t_at(alarm_clock_s) if alarm_clock_s is not None else t)
    await portal.ledger.append([("fault", {}), ("fault", {})], t)
    await portal.receipt(6, 1)
    await portal.ledger.append([("fault", {})], t_at(NOW_S))


@pytest.mark.parametrize(("seq", "after", "before"), [
    (0, None, 2), (1, None, 2), (2, 2, 1), (3, 2, 1), (5, 2, 1), (6, 2, None),
])
def test_the_ledger_and_verify_say_the_same_times(tmp_path: Path, seq: int, after: float | None, before: float | None) -> None:
    async def story(portal: Portal) -> Bracket:
        await two_days(portal)
        return await portal.ledger.bracket(seq)

    expected = Bracket(*(None if days is None else NOW_S - days * DAY_S for days in (after, before)))
    assert story_of(tmp_path, story) == expected
    report = audit.verify_state(tmp_path, CENTRE)[0]
    assert (report.brackets.of(seq), report.problems, report.questions) == (expected, [], [])


@pytest.mark.parametrize(("days_ago", "word"), [(30, "early"), (0.5, "late"), (-3650, "late"), (20_000, "early")])
def test_a_clock_outside_is_a_question_and_nothing_is_refused(tmp_path: Path, days_ago: float, word: str) -> None:
    async def story(portal: Portal) -> None:
        await two_days(portal, NOW_S - days_ago * DAY_S)

    story_of(tmp_path, story)
    report = audit.verify_state(tmp_path, CENTRE)[0]
    assert report.problems == []
    assert len(report.questions) == 1
    assert report.questions[0].startswith("records 3 to 3: ")
    assert word in report.questions[0]


def test_a_clock_that_admits_its_error_is_believed_so_far(tmp_path: Path) -> None:
    bracket = Bracket(1000, 2000)
    assert bracket.outside_ms(2_030_000, 30_000) == 0
    assert bracket.outside_ms(2_100_000, 10**9) == 100_000


def test_after_pruning_the_times_of_what_is_left_are_the_same(tmp_path: Path) -> None:
    """The heartbeat after the cut names a receipt from before it: that one stays."""
    async def story(portal: Portal) -> tuple[Bracket, Bracket, list[str]]:
        await two_days(portal)
        named = {"size": 2, "sha256": encode((await receipt_at(portal, 2)).sha256)}
        await portal.ledger.append([("heartbeat", {"receipt": named})], t_at(NOW_S - DAY_S))
        await portal.receipt(7, 0)
        await portal.receipt(8, 0)
        before = await portal.ledger.bracket(7)
        await portal.retention().prune(0)
        assert portal.ledger.cut == 8
        return before, await portal.ledger.bracket(7), portal.problems()

    before, after, problems = story_of(tmp_path, story)
    assert (before, problems) == (after, [])
    assert before.after_s == NOW_S - 2 * DAY_S


async def receipt_at(portal: Portal, size: int) -> Any:
    from edge_agent.hands.shelf import Kept

    rows = await portal.ledger._database.rows("SELECT size, note, line, time_s FROM receipt WHERE size = ?", (size,))
    return Kept(*rows[0])


def test_verify_says_when_one_record_was_signed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    story_of(tmp_path, two_days)
    (tmp_path / "centre.vkey").write_text(CENTRE.text())
    arguments = ["verify", "--state", str(tmp_path), "--centre-key", str(tmp_path / "centre.vkey"), "--record", "3"]
    assert main(arguments) == 0
    words = f"record 3: signed between {utc(NOW_S - 2 * DAY_S)} and {utc(NOW_S - DAY_S)} by the centre's clock"
    assert words in capsys.readouterr().out
    assert main([*arguments, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["logs"][0]["record"]["before_s"] == NOW_S - DAY_S


def test_a_question_does_not_fail_verify(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async def story(portal: Portal) -> None:
        await two_days(portal, 0.0)

    story_of(tmp_path, story)
    (tmp_path / "centre.vkey").write_text(CENTRE.text())
    assert main(["verify", "--state", str(tmp_path), "--centre-key", str(tmp_path / "centre.vkey")]) == 0
    assert "QUESTION records 3 to 3" in capsys.readouterr().out


def test_alarms_show_says_it_and_asks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async def story(portal: Portal) -> None:
        await two_days(portal, 5.0)

    story_of(tmp_path, story)
    ledger = tmp_path / "logs/1/ledger.db"
    assert looking_back.in_file(ledger, "T/1/1").bracket == Bracket(NOW_S - 2 * DAY_S, NOW_S - DAY_S)
    assert main(["alarms", "show", "T/1/1", "--ledger", str(ledger)]) == 0
    shown = capsys.readouterr().out
    assert f"signed between {utc(NOW_S - 2 * DAY_S)} and {utc(NOW_S - DAY_S)} by the centre's clock" in shown
    assert "its own clock said 1970-01-01T00:00:05.000Z" in shown


receipts = st.lists(st.tuples(st.integers(1, 40), st.integers(0, 50)), min_size=1, max_size=12)


@given(receipts, st.data())
def test_brackets_are_the_tightest_that_the_receipts_allow(given_receipts: list[tuple[int, int]], data: st.DataObject) -> None:
    """Against the definition, over every receipt and every heartbeat."""
    made = [Receipt(Checkpoint("x", size, bytes(32)), "c", time_s, f"{number}".encode())
            for number, (size, time_s) in enumerate(given_receipts)]
    named = {seq: data.draw(st.sampled_from(made)) for seq in data.draw(st.sets(st.integers(0, 40), max_size=6))}
    brackets = Brackets()
    for seq in range(41):
        receipt = named.get(seq)
        body = {"receipt": {"size": receipt.checkpoint.size, "sha256": encode(receipt.sha256)}} if receipt else {}
        brackets.take(seq, "heartbeat", body)
    brackets.know(made)
    for seq in range(41):
        after = [receipt.time_s for at, receipt in named.items() if at <= seq]
        before = [receipt.time_s for receipt in made if receipt.checkpoint.size > seq]
        assert brackets.of(seq) == Bracket(max(after, default=None), min(before, default=None))


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.text(max_size=30) | st.integers(), lambda inner: st.dictionaries(
    st.sampled_from(["t", "wall", "unc_ms", "receipt", "size", "sha256"]), inner, max_size=4), max_leaves=6))
def test_any_body_is_read(body: Any) -> None:
    payload = body if isinstance(body, dict) else {"t": body, "receipt": body}
    clock_of(payload)
    brackets = Brackets()
    brackets.take(0, "heartbeat", payload)
    brackets.know([])
    assert brackets.questions() == []


@pytest.mark.parametrize("good", [True, False])
def test_verify_shows_who_else_cosigned(tmp_path: Path, capsys: pytest.CaptureFixture[str], good: bool) -> None:
    signer = ed25519.SoftKey(b"w" * 32)
    key = notes.VerifierKey("agency.test/witness", notes.COSIGNER_KEY, signer.public)

    async def story(portal: Portal) -> None:
        await portal.write("fff")
        point = Checkpoint(ORIGIN, 3, await portal.ledger.root(3))
        over = point if good else Checkpoint(ORIGIN, 3, bytes(32))
        note = await portal.note(3, NOW_S) + notes.cosign(over, key.name, signer, NOW_S + 5)
        await portal.ledger.keep_receipt(notes.open_receipt(note, portal.identity.log_key, CENTRE), note)

    story_of(tmp_path, story)
    for name, each in (("centre.vkey", CENTRE), ("agency.vkey", key)):
        (tmp_path / name).write_text(each.text())
    code = main(["verify", "--state", str(tmp_path), "--centre-key", str(tmp_path / "centre.vkey"),
                 "--witness-key", str(tmp_path / "agency.vkey")])
    shown = "cosigned by the witness agency.test/witness over 3" in capsys.readouterr().out
    assert (code, shown) == ((0, True) if good else (6, False))
