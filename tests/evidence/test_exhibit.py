"""A court exhibit: one file that holds by itself, says what is proven and what not, and cannot be made to lie by a record."""

from __future__ import annotations

import asyncio
import html
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge_agent.hands.shelf import Kept
from edge_agent.house.salvage import open_log
from edge_agent.tools import ed25519, merkle, notes
from edge_agent.words.record import Checkpoint

from .bench import ORIGIN as LOG_ORIGIN
from .bench import Log
from .exhibit_bench import ALARM, CENTRE, OCCUPANCY, ORIGIN, T0_S, Batch, Portal, by_python, python_verifier, run

BLOCK = '<script type="application/json" id="exhibit">'
HOSTILE = [
    "</script><script>document.title='pwned'</script>", '"><b data-says="4/lane">7</b>', "<output id=verdict data-state=holds>",
    "\u202egnp.exe",
    "a\u0000b\u001b[2J\r\nVERIFIED", "<!--", "]]>", "@SCRIPT@", "&lt;&amp;", "data-says=", "ÄÖ 門 🚚", "x" * 9_000,
    '{"exhibit":"radiation portal alarm"}', "</pre><img src=x onerror=alert(1)>", "' onload='x", "__proto__", "—\u2028—",
]


@pytest.fixture(scope="module")
def js() -> Iterator[Batch]:
    batch = Batch()
    yield batch
    batch.close()


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Portal:
    return Portal(tmp_path_factory.mktemp("portal"))


@pytest.fixture(scope="module")
def page(portal: Portal) -> bytes:
    return portal.export().read_bytes()


def both(js: Batch, page: bytes, **pins: bytes) -> dict[str, Any]:
    """The report, the same from Python and JavaScript."""
    module = python_verifier()
    held = {name: module.read_vkey(text.decode()) for name, text in pins.items()}
    report = module.Exhibit(page, held.get("log_key"), held.get("centre_key")).report
    found = js.ask("exhibit", page=page, **pins)
    assert "crashed" not in found, found
    parts = [problem.partition(":")[0] for problem in report.problems]
    assert parts == [problem.partition(":")[0] for problem in found["problems"]], (report.problems, found["problems"])
    if report.problems == [] or not parts[0].startswith("the exhibit"):
        assert list(report.page()) == found["page"] or report.problems != found["problems"]
    return found


def said(found: dict[str, Any]) -> str:
    return "\n".join(found["page"])


def data_of(page: bytes) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(page.decode().partition(BLOCK)[2].partition("</script>")[0])
    return found


def with_data(page: bytes, change: Callable[[dict[str, Any]], Any]) -> bytes:
    data = data_of(page)
    change(data)
    before, _, after = page.decode().partition(BLOCK)
    return f"{before}{BLOCK}{json.dumps(data)}</script>{after.partition('</script>')[2]}".encode()


# --- what it says

def test_it_holds_for_both_verifiers_and_says_between_which_times_it_was_signed(js: Batch, page: bytes) -> None:
    found = both(js, page)
    assert found["problems"] == []
    assert "signed after 2026-11-23 18:01:00 UTC by the centre's clock: record 3" in said(found)
    assert "signed before 2026-11-23 18:02:00 UTC by the centre's clock" in said(found)
    assert "record 4 says: alarm QX-7/3/1, lane 2, gamma, focus/1" in said(found)
    text = page.decode()
    assert "Content-Security-Policy" in text and "What is not proven" in text and "<svg" in text and "2026-11-23 18:01:00" in text
    assert not re.search(r'(src|href)="?https?:|@import|url\(http', text)


def test_it_is_held_to_the_keys_one_knows(js: Batch, portal: Portal, page: bytes, tmp_path: Path) -> None:
    log_key, centre_key = ((portal.directory / name).read_bytes() for name in ("log.vkey", "centre.vkey"))
    found = both(js, page, log_key=log_key, centre_key=centre_key)
    assert found["problems"] == [] and said(found).count("the one you gave") == 2
    other = Portal(tmp_path, centre_seed=b"d" * 32)
    for name, wrong in (("log_key", other.log.log_key.text()), ("centre_key", other.centre.text())):
        assert "signed by somebody else" in both(js, page, **{name: wrong.encode()})["problems"][0]


def test_the_command_says_what_it_made(portal: Portal) -> None:
    told, code = portal.run("alarms", "export", "3/1", "--exhibit", portal.directory / "x.html", *portal.ledger_words())
    assert code == 0 and "record 4 of" in told
    assert f"signed after 2026-11-23 18:01:00, before 2026-11-23 18:02:00 UTC by the clock of {CENTRE}" in told
    told, _ = portal.run("alarms", "export", "3/1", "--json", "--exhibit", portal.directory / "x.html", *portal.ledger_words())
    assert json.loads(told)["records"] == {"0": "boot", "1": "config", "2": "announces", "3": "heartbeat", "4": "alarm",
                                           "5": "announces", "6": "occupancy"}


def test_every_file_that_is_asked_for_is_made(portal: Portal) -> None:
    csv, page = (portal.directory / name for name in ("x.csv", "x.html"))
    words = ("alarms", "export", "3/1", "--csv", csv, "--exhibit", page, *portal.ledger_words())
    told, code = portal.run(*words)
    assert code == 0 and all(file.exists() and f"{file}: written" in told for file in (csv, page)), told
    told, code = portal.run(*words, "--json")
    assert code == 3 and "one of --exhibit, --n42, --csv at a time" in told
    told, code = portal.run("alarms", "export", "3/1", *portal.ledger_words())
    assert code == 3 and "--n42 FILE.n42" in told


def test_without_a_receipt_it_says_plainly_that_only_the_portal_vouches(js: Batch, tmp_path: Path) -> None:
    portal = Portal(tmp_path, receipts=())
    page = portal.export()
    assert "NO RECEIPT YET" in portal.run("alarms", "export", "3/1", "--exhibit", page, *portal.ledger_words())[0]
    found = both(js, page.read_bytes())
    assert found["problems"] == [] and "no centre has cosigned this checkpoint" in said(found)
    text = page.read_text()
    assert "No centre has countersigned this record yet" in text and "That a centre holds this record: none" in text
    assert "held this record, and everything before it" not in text


def test_a_receipt_before_the_alarm_alone_still_says_since_when(js: Batch, tmp_path: Path) -> None:
    found = both(js, Portal(tmp_path, receipts=(3,)).export().read_bytes())
    assert found["problems"] == [] and found["receipts"] == [] and found["checkpoint_size"] == 8


def test_a_passage_after_the_receipt_is_left_out_and_it_says_so(js: Batch, tmp_path: Path) -> None:
    portal = Portal(tmp_path, receipts=(3, 5))
    page = portal.export()
    found = both(js, page.read_bytes())
    assert found["problems"] == [] and found["checkpoint_size"] == 5 and "occupancy" not in found["kinds"]
    told, _ = portal.run("alarms", "export", "3/1", "--exhibit", page, *portal.ledger_words())
    assert "without the record of the passage" in told
    assert "its record was not yet under the receipt" in page.read_text()


@pytest.mark.parametrize("name", ["exercise", "maintenance"])
def test_an_alarm_of_an_exercise_is_marked_on_the_page_and_by_both_verifiers(js: Batch, tmp_path: Path, name: str) -> None:
    page = Portal(tmp_path, alarm={**ALARM, name: "drill-<7>"}).export()
    assert f"given during {name}" in page.read_text() and "not the find of a real source" in page.read_text()
    assert f"given during {name} drill-<7>: not a real find" in said(both(js, page.read_bytes()))


# --- from where

def test_a_copied_log_with_the_centres_notes_and_keys_makes_the_same_exhibit(js: Batch, portal: Portal) -> None:
    there = portal.directory
    words = ("--ledger", there / "log.ndjson", "--receipt", there / "receipt-7.txt", "--receipt", there / "receipt-3.txt",
             "--log-key", portal.log.directory / "log.json", "--centre-key", there / "centre.vkey", "--key", there / "first.jwk")
    (there / "first.jwk").write_text(json.dumps(portal.log.public()["record_key"]))
    assert data_of(portal.export(*words).read_bytes()) == data_of(portal.export().read_bytes())
    found = both(js, portal.export(*words[:4], *words[6:]).read_bytes())
    assert found["problems"] == [] and "signed before" in said(found) and "signed after" not in said(found)


def test_a_copied_log_without_receipt_or_keys_says_what_is_missing(portal: Portal) -> None:
    words = ("alarms", "export", "3/1", "--exhibit", portal.directory / "x.html", "--ledger", portal.directory / "log.ndjson")
    told, code = portal.run(*words)
    assert code == 3 and "--log-key" in told
    told, code = portal.run(*words, "--log-key", portal.directory / "log.vkey")
    assert code == 6 and "no receipt covers record 4 yet" in told and "--receipt FILE" in told
    told, code = portal.run(*words, "--log-key", portal.directory / "log.vkey", "--receipt", portal.directory / "receipt-7.txt")
    assert code == 6 and "--centre-key" in told


def test_the_portals_own_logs_are_found_by_its_configuration(js: Batch, tmp_path: Path) -> None:
    portal = Portal(tmp_path)
    config = tmp_path / "edge-agent.toml"
    config.write_text(f"""version = 1
[portal]
origin = "{ORIGIN}"
state = "{tmp_path / "state"}"
sockets = "{tmp_path}"
[[lane]]
name = "2"
driver = "rapiscan"
link = {{ kind = "tcp", host = "x" }}
[centre]
url = "https://c.example"
vkey = "{portal.centre.text()}"
ca = "x"
""")
    file = tmp_path / "x.html"
    told, code = portal.run("alarms", "export", "QX-7/3/1", "--exhibit", file, "--config", config)
    assert code == 0, told
    assert both(js, file.read_bytes())["problems"] == []
    told, code = portal.run("alarms", "export", "9/9", "--exhibit", file, "--config", config)
    assert code == 3 and "no alarm is called '9/9'" in told


def pruned(portal: Portal, size: int) -> None:
    async def prune() -> None:
        ledger = await open_log(portal.log)
        try:
            receipt = notes.open_receipt(portal.notes[size], portal.log.log_key, portal.centre)
            assert await ledger.prune(Kept(size, portal.notes[size], receipt.line, receipt.time_s))
        finally:
            await ledger.close()

    asyncio.run(prune())


def test_a_pruned_ledger_still_gives_the_exhibit_of_what_it_kept(js: Batch, tmp_path: Path) -> None:
    portal = Portal(tmp_path)
    whole = data_of(portal.export().read_bytes())
    pruned(portal, 3)                                   # records 0 and 1 are gone, with them the start and the settings
    page = portal.export().read_bytes()
    assert both(js, page)["problems"] == []
    kept = [row for row in whole["records"] if row["seq"] >= 2]
    assert data_of(page)["records"] == kept and data_of(page)["checkpoint"] == whole["checkpoint"]


def test_an_alarm_whose_line_before_was_pruned_says_so(tmp_path: Path) -> None:
    portal = Portal(tmp_path, receipts=(3, 5, 7))
    pruned(portal, 5)
    told, code = portal.run("alarms", "export", "3/1", "--exhibit", tmp_path / "x.html", *portal.ledger_words())
    assert code == 6 and "record 3 is not here: records before it were pruned" in told


def test_wrong_use_is_told(portal: Portal) -> None:
    assert portal.run("alarms", "export", "3/1")[1] == portal.run("alarms", "export", "--exhibit", "x.html")[1] == 3
    assert portal.run("alarms", "export", "3/1", "--exhibit", "x.pdf")[1] == portal.run("alarms", "--exhibit", "x.html")[1] == 3
    there = portal.directory
    told, code = portal.run("alarms", "export", "3/1", "--exhibit", there / "x.html", "--ledger", there / "no")
    assert code == 3 and "cannot read" in told and "sudo -u edge-agent" in told


def test_a_ledger_that_was_meddled_with_gives_no_exhibit(tmp_path: Path) -> None:
    import sqlite3

    portal = Portal(tmp_path)
    with sqlite3.connect(portal.log.database) as database:
        line = database.execute("SELECT line FROM record WHERE seq = 6").fetchone()[0]
        database.execute("UPDATE record SET line = ? WHERE seq = 6", (line[:-1] + (b"A" if line[-1:] != b"A" else b"Q"),))
    database.close()
    told, code = portal.run("alarms", "export", "3/1", "--exhibit", tmp_path / "x.html", *portal.ledger_words())
    assert code == 6 and "edge-agent verify" in told and not (tmp_path / "x.html").exists()


# --- records that try to speak for the page

@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_in_a_record_stays_text(js: Batch, tmp_path: Path, text: str) -> None:
    body = {"id": f"{text[:50]}/3/1", "lane": text, "notes": [text], "basis": text, "agent": text,
            "detectors": {text[:300]: {"counts": 1, "bkg": 2.0}}}
    page = Portal(tmp_path, alarm={**ALARM, **body}, occupancy={**OCCUPANCY, "id": "QX-7/3/o1", "notes": [text]}).export()
    found = both(js, page.read_bytes())
    assert found["problems"] == []
    words = page.read_text()
    assert words.count("<script") == 2 and words.count("</script>") == 2 and words.count('id="verdict"') == 1
    seen = words.partition("<body>")[2].partition("<script")[0]
    assert not re.findall(r"<(?:img|iframe|object|embed|link|base|form|a)\b", seen)


def test_half_a_character_in_a_foreign_record_is_written_out(js: Batch, tmp_path: Path) -> None:
    log, log_seed, centre_seed = Log(), bytes(31) + b"l", bytes(31) + b"c"
    log.add("boot")
    payload = json.dumps(log.payload(id="Q/1/1", lane="\ud800", occupancy=None, detectors={"\udfff": {"counts": 1, "bkg": 1}}))
    log.lines.append(log.sign_raw(log.header(typ="rpm-alarm+jws"), payload.encode()))
    tree = merkle.Tree()
    for line in log.lines:
        tree.add(line)
    point = Checkpoint(LOG_ORIGIN, 2, tree.root())
    note = notes.sign_checkpoint(point, ed25519.SoftKey(log_seed))
    note += notes.cosign(point, CENTRE, ed25519.SoftKey(centre_seed), T0_S)
    keys = {"log": notes.VerifierKey(LOG_ORIGIN, notes.LOG_KEY, ed25519.public(log_seed)),
            "centre": notes.VerifierKey(CENTRE, notes.COSIGNER_KEY, ed25519.public(centre_seed))}
    (tmp_path / "lines").write_bytes(b"\n".join(log.lines))
    (tmp_path / "note").write_bytes(note)
    for name, key in keys.items():
        (tmp_path / name).write_text(key.text())
    told, code = run("alarms", "export", "1/1", "--exhibit", tmp_path / "x.html", "--ledger", tmp_path / "lines", "--receipt",
                     tmp_path / "note", "--log-key", tmp_path / "log", "--centre-key", tmp_path / "centre")
    assert code == 0, told
    page = (tmp_path / "x.html").read_bytes()
    assert both(js, page)["problems"] == [] and b'data-says="1/lane">\\ud800<' in page


@pytest.mark.parametrize("body", [
    {"statistic": "high"}, {"detectors": []}, {"place": [1]}, {"at": None}, {"notes": "no"}, {"counts": None, "expected": "x"},
    {"rule": 7}, {"also": [1]}, {"t": 5, "confidence": 3}, {"radiation": {"a": {"b": [[]]}}}, {"sum": None}, {"occupancy": None},
    {"detectors": {"a/b~c": {"counts": 3, "bkg": None}}}, {"window_s": 1e300, "false_alarms_per_day": -1e300},
], ids=str)  # fmt: skip
def test_bodies_of_another_form_make_an_exhibit_all_the_same(js: Batch, tmp_path: Path, body: dict[str, Any]) -> None:
    """A centre stores every genuine record whatever its body: an exhibit of it must be possible, too."""
    assert both(js, Portal(tmp_path, alarm={**ALARM, **body}).export().read_bytes())["problems"] == []


def test_what_is_not_known_is_left_out_of_the_page(js: Batch, tmp_path: Path) -> None:
    alarm, occupancy = {**ALARM, "speed_mps": None, "expected_sd": None}, {**OCCUPANCY, "speed_mps": None}
    page = Portal(tmp_path, alarm=alarm, occupancy=occupancy).export()
    assert both(js, page.read_bytes())["problems"] == []
    assert ">null<" not in page.read_text() and "<th>speed</th>" not in page.read_text()


def test_an_alarm_with_few_members_and_no_passage(js: Batch, tmp_path: Path) -> None:
    page = Portal(tmp_path, alarm={"id": "QX-7/3/1", "occupancy": None}).export()
    assert both(js, page.read_bytes())["problems"] == [] and "No record of the whole passage" in page.read_text()


# --- files that were changed afterwards

def claims(page: bytes) -> list[tuple[int, int]]:
    """Begin and end of each text that claims to be of a record."""
    return [(found.start(1), found.end(1)) for found in re.finditer(rb'<(?:b|pre|code) data-says="[^"]*">([^<]*)<', page)]


def test_a_word_changed_on_the_page_is_named(js: Batch, page: bytes) -> None:
    found = claims(page)
    assert len(found) > 30
    for begin, end in found:
        other = page[:begin] + (b"9" if page[begin:end] != b"9" else b"8") + page[end:]
        assert [each.partition(":")[0] for each in both(js, other)["problems"]] == ["the page"], page[begin:end]


@pytest.mark.parametrize("of", ["4/no", "99/lane", "x", "", "4/", "after/1", "-4/lane", "4/detectors", "04/lane", "4/notes/0"])
def test_words_that_claim_to_be_of_what_is_not_there_are_refused(js: Batch, page: bytes, of: str) -> None:
    bad = page.replace(b'data-says="4/lane">2<', f'data-says="{of}">3<'.encode())
    assert bad != page and both(js, bad)["problems"][0].startswith("the page:")


@pytest.mark.parametrize("markup", ["<b data-says=4/lane>7</b>", "<b data-says='4/lane'>7</b>", '<i data-says="4/lane">7</i>',
                                    '<b class="x" data-says="4/lane">7</b>', '<b data-says="4/lane"><i>7</i></b>',
                                    '<b data-says="4/lane">2</pre>'])
def test_words_that_claim_in_another_form_are_refused(js: Batch, page: bytes, markup: str) -> None:
    bad = page.replace(b"</h1>", b"</h1>" + markup.encode())
    assert "in a form that cannot be checked" in both(js, bad)["problems"][0]


CHANGES: dict[str, tuple[Callable[[dict[str, Any]], Any], str]] = {
    "no checkpoint": (lambda data: data.pop("checkpoint"), "the exhibit"),
    "another version": (lambda data: data.update(v=2), "the exhibit"),
    "version 1.0": (lambda data: data.update(v=1.0), "the exhibit"),
    "no alarm": (lambda data: data.update(records=[row for row in data["records"] if row["part"] != "alarm"]), "the exhibit"),
    "alarm twice": (lambda data: data["records"].append(data["records"][4]), "the exhibit"),
    "line before left out": (lambda data: data["records"].pop(3), "record 4 (alarm)"),
    "proof cut": (lambda data: data["records"][4]["inclusion"].pop(), "record 4 (alarm)"),
    "proof of another": (lambda data: data["records"][4].update(inclusion=data["records"][3]["inclusion"]), "record 4 (alarm)"),
    "part renamed": (lambda data: data["records"][2].update(part="boot"), "record 2 (boot)"),
    "heartbeat as announcing": (lambda data: data["records"][3].update(part="announces"), "the earlier receipt"),
    "earlier is the later": (lambda data: data.update(earlier=data["checkpoint"]), "the earlier receipt"),
    "another record 0": (lambda data: data["keys"].update(record_0={"kty": "OKP", "crv": "Ed25519", "x": "A" * 43}),
                         "record 0 (boot)"),
    "no record 0": (lambda data: data["keys"].update(record_0=None), "record 0 (boot)"),
    "keys exchanged": (lambda data: data["keys"].update(log=data["keys"]["centres"][0]), "the log key"),
    "log key as centre": (lambda data: data["keys"].update(centres=[data["keys"]["log"]]), "centre key 0"),
    "cosignature cut": (lambda data: data.update(checkpoint="\n".join(data["checkpoint"].split("\n")[:-2]) + "\n"),
                        f"the receipt of {CENTRE}"),
    "checkpoint of the earlier": (lambda data: data.update(checkpoint=data["earlier"]), "record 3 (heartbeat)"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_changed_data_is_refused_by_its_part(js: Batch, page: bytes, name: str) -> None:
    change, part = CHANGES[name]
    problems = both(js, with_data(page, change))["problems"]
    assert part in {problem.partition(":")[0] for problem in problems}, problems


HALVES: dict[str, Callable[[dict[str, Any]], Any]] = {
    "line": lambda data: data["records"][4].update(line="\ud800"),
    "log key": lambda data: data["keys"].update(log="\ud800+00000000+AA=="),
    "centre key": lambda data: data["keys"].update(centres=["\ud800+00000000+AA=="]),
    "note": lambda data: data.update(checkpoint="\udc00"),
    "earlier": lambda data: data.update(earlier="\ud800"), "jwk": lambda data: data["keys"]["record_0"].update(x="\ud800"),
    "proof": lambda data: data["records"][4].update(inclusion=["\ud800"]),
    "part": lambda data: data["records"][4].update(part="\ud800"),
}  # fmt: skip


@pytest.mark.parametrize("name", HALVES)
def test_half_a_character_anywhere_is_refused(js: Batch, page: bytes, name: str) -> None:
    assert both(js, with_data(page, HALVES[name]))["problems"]


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_byte_changed_in_the_evidence_is_refused(js: Batch, page: bytes, data: st.DataObject) -> None:
    """Anywhere in lines, notes, keys and proofs of the block; only members nobody needs (kid of a key) may go."""
    begin = page.index(BLOCK.encode()) + len(BLOCK)
    end = page.index(b"</script>", begin)
    at = data.draw(st.integers(begin, end - 1))
    bad = page[:at] + bytes([page[at] ^ data.draw(st.sampled_from([1, 2, 4, 8, 16, 32]))]) + page[at + 1:]
    found = both(js, bad)
    if not found["problems"]:
        bent, whole = data_of(bad), data_of(page)
        for each in (bent, whole):
            each["keys"]["record_0"] = each["keys"]["record_0"]["x"]
        assert bent == whole, page[at - 30 : at + 30]


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_both_verifiers_say_the_same_of_a_bent_page(js: Batch, page: bytes, data: st.DataObject) -> None:
    from .test_js_verifier import bent

    begin = page.index(b"<body>")
    cut = page.rindex(b"<script>")                     # the program on the page is no evidence
    both(js, page[:begin] + data.draw(bent(page[begin:cut])) + page[cut:])


@pytest.mark.parametrize("bad", [b"", b"<html>", b"\xff", b"x" * (16 * 1024 * 1024 + 1), BLOCK.encode(),
                                 (BLOCK + "{}</script>").encode(), 2 * (BLOCK + "{}</script>").encode()], ids=range(7))
def test_what_is_no_exhibit_is_refused(js: Batch, bad: bytes) -> None:
    if len(bad) > 1_000_000:
        assert by_python(bad).problems == [f"the exhibit: a file longer than {16 * 1024 * 1024} bytes"]
    else:
        assert both(js, bad)["problems"][0].startswith("the exhibit:")


def test_an_entity_means_the_same_to_both(js: Batch, page: bytes) -> None:
    odd = html.escape("2").replace("2", "&#50;").encode()
    assert both(js, page.replace(b'data-says="4/lane">2<', b'data-says="4/lane">' + odd + b"<"))["problems"]
