"""What the core refuses: English in the answer and on record, in the person's language on his screen."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.judgement.faults import FaultBook
from edge_agent.tools import core_answer
from edge_agent.words import language
from edge_agent.words.errors import EdgeAgentError, EvidenceError, NotRunning, SettingsError
from edge_agent.words.language import Catalogue, joined, shown, worded

LANES = "no lane is called {lane!r}; there are: {lanes}"
TRANSLATED = Catalogue("lt", {("", LANES): ["juostos {lane!r} nėra; yra: {lanes}"],
                              ("", "{path}: {problem}"): ["{path}: {problem}"]}, lambda n: 0)


@pytest.fixture(autouse=True)
def _english_afterwards() -> Iterator[None]:
    yield
    language.speak(None)


def came(problem: EdgeAgentError, *spoiled: Any) -> EdgeAgentError:
    """The error as who asked has it; `spoiled`: what another program says it is made of."""
    line = core_answer.written(core_answer.refused(problem))
    if spoiled:
        line = json.dumps({**json.loads(line), "worded": {str(problem): spoiled[0]}}).encode()
    with pytest.raises(EdgeAgentError) as found:
        core_answer.read(line)
    return found.value


def test_an_error_is_english_and_shown_in_the_language_spoken() -> None:
    problem = SettingsError(worded(LANES, lane="9", lanes="1, 2"))
    outer = SettingsError(worded("{path}: {problem}", path=Path("/etc/x.toml"), problem=problem))
    language.speak(TRANSLATED)
    assert str(outer) == "/etc/x.toml: no lane is called '9'; there are: 1, 2"
    assert shown(outer) == "/etc/x.toml: juostos '9' nėra; yra: 1, 2"
    assert shown(EvidenceError("it does not verify")) == "it does not verify"


def test_what_the_core_refuses_crosses_its_socket_so() -> None:
    language.speak(TRANSLATED)
    problem = came(EdgeAgentError(worded("{path}: {problem}", path=Path("/x"), problem=SettingsError(
        worded(LANES, lane="9", lanes="1")))))
    assert str(problem) == "/x: no lane is called '9'; there are: 1" and shown(problem) == "/x: juostos '9' nėra; yra: 1"
    assert came(SettingsError(worded("x"))).exit_code == 3
    assert str(came(EvidenceError("it does not verify"))) == "it does not verify"


@pytest.mark.parametrize("spoiled", [
    None, 5, {}, {"text": "other", "about": "", "values": {}}, {"text": LANES, "about": "", "values": {}},
    {"text": "{lane.__class__}", "about": "", "values": {"lane": "1"}},
    {"text": "{lane:>99999999999}", "about": "", "values": {"lane": "1"}}, {"text": LANES, "about": [], "values": {}},
    {"text": "{0}", "about": "", "values": {"0": 1}},
    {"text": "{", "about": "", "values": {}}, {"text": LANES, "about": "", "values": {"lane": {"text": 1}, "lanes": ""}},
])
def test_an_answer_whose_text_does_not_make_its_english_is_shown_in_english(spoiled: Any) -> None:
    language.speak(TRANSLATED)
    problem = came(SettingsError(worded(LANES, lane="9", lanes="1")), spoiled)
    assert shown(problem) == str(problem) == "no lane is called '9'; there are: 1"


JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
                    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=4))


@given(JSON)
def test_any_answer_is_an_answer_or_an_error(answer: Any) -> None:
    language.speak(TRANSLATED)
    for line in (json.dumps(answer), *(json.dumps({"ok": ok, "error": "x", "worded": made}) for ok in (True, False)
                                       for made in (answer, {"x": answer}))):
        try:
            core_answer.read(line.encode())
        except NotRunning:
            pass
        except EdgeAgentError as problem:
            shown(problem)


def test_a_fault_is_told_in_the_language_spoken_and_stays_english_in_json_and_for_the_guide() -> None:
    """The status was Lithuanian, why a fault stands was English."""
    book = FaultBook("2")
    book.begin(10**9, "silence", worded("nothing on the wire for {seconds:.0f} s", seconds=21.3))
    language.speak(Catalogue("lt", {("", "nothing on the wire for {seconds:.0f} s"): ["linijoje nieko nėra {seconds:.0f} s"]},
                             lambda n: 0))
    answer = core_answer.read(core_answer.written({"ok": True, "lanes": {"2": {"fault_details": book.details}}, "n": [1, "x"]}))
    told = answer["lanes"]["2"]["fault_details"]["silence"]
    assert shown(told) == "linijoje nieko nėra 21 s" and json.loads(json.dumps(answer)) == {
        "ok": True, "lanes": {"2": {"fault_details": {"silence": "nothing on the wire for 21 s"}}}, "n": [1, "x"]}
    assert shown(joined(": ", ("silence", told))) == "silence: linijoje nieko nėra 21 s"


def test_texts_in_a_row_cross_the_socket_too() -> None:
    language.speak(TRANSLATED)
    row = joined("; ", [worded(LANES, lane="9", lanes="1"), "x"])
    answer = core_answer.read(core_answer.written({"ok": True, "why": row}))
    assert shown(answer["why"]) == "juostos '9' nėra; yra: 1; x" and answer["why"] == "no lane is called '9'; there are: 1; x"
    assert core_answer.read(core_answer.written({"ok": True, "why": "x"})) == {"ok": True, "why": "x"}


def test_what_was_worded_keeps_no_error_alive() -> None:
    """A fault stands for days: with the error it was made of stood everything that the error was raised in."""
    problem = SettingsError(worded(LANES, lane="9", lanes="1"))
    kept = worded("{path}: {problem}", path="x", problem=problem).values
    assert [value for value in kept.values() if isinstance(value, BaseException)] == []


def test_a_text_that_would_grow_without_bound_is_never_filled() -> None:
    """Places that stand sixty times in one text, five deep: it took eight gigabytes before it was compared."""
    language.speak(TRANSLATED)
    text: Any = {"text": "{part0}" * 60, "about": "", "values": {"part0": "x"}}
    deep: Any = {"text": "{part0}{part1}", "about": "", "values": {"part0": "x", "part1": "x"}}
    for _ in range(5):
        text = {"text": "{part0}" * 60, "about": "", "values": {"part0": text}}
    for _ in range(40):
        deep = {"text": "{part0}{part1}", "about": "", "values": {"part0": deep, "part1": "x"}}
    for bomb in (text, deep):
        line = json.dumps({"ok": True, "why": "broken", "worded": {"broken": bomb}}).encode()
        assert core_answer.read(line) == {"ok": True, "why": "broken"}
