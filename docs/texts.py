"""`make texts`: every text for people goes into every catalogue (config/languages/*.po); what no code says any more goes out.

    python docs/texts.py            after a text was added or changed; then translate what it names
    python docs/texts.py --check    changes nothing; exit code 1 where a catalogue is not complete

What is a text: the first argument of tr(), mark() and worded(), the first two of trn() and markn()
(edge_agent/words/language.py), what a key of the settings is for and its form (key(), edge_agent/words/key.py),
what a finding of the fault guide says (config/guide), and what --help says, which is taken from the parsers themselves.
"""

from __future__ import annotations

import argparse
import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

from edge_agent.commands import DAEMONS, whole_parser
from edge_agent.commands.options import HELP, parts
from edge_agent.tools import po_file
from edge_agent.tools.po_file import Entry
from edge_agent.words.errors import SettingsError
from edge_agent.words.key import KEY
from edge_agent.words.language import Key, places

ROOT = Path(__file__).resolve().parents[1]
LANGUAGES = ROOT / "config/languages"
CALLS = {"tr": 1, "mark": 1, "worded": 1, "trn": 2, "markn": 2}      # texts each takes
GUIDE = ("what", "confirm", "repair", "part")           # of a cause
SHOWN_MAX = 10
# rooms whose every text goes through the catalogue; a test holds them to it, and names what is ready to be added
COVERED = (
    "commands/__init__.py", "commands/acting.py", "commands/alarms.py", "commands/commission.py",
    "commands/config.py", "commands/diagnose.py",
    "commands/enrol.py", "commands/learn.py", "commands/link.py", "commands/options.py", "commands/panel.py",
    "commands/probe.py", "commands/record.py", "commands/replay.py", "commands/report.py", "commands/selftest.py",
    "commands/source_check.py", "commands/status.py", "commands/trend.py", "commands/verify.py", "commands/watch.py",
    "commands/wire.py", "hands/way_test.py",
    "house/exhibiting.py", "house/fresh_counts.py", "house/panel_naming.py", "house/rejudging.py",
    "house/way_testing.py", "judgement/learning_doubts.py", "judgement/modes.py", "paths/sweeping.py",
    "tools/acts.py", "tools/alarm_page.py", "tools/answer_checks.py",
    "tools/alarm_picture.py", "tools/alarm_text.py", "tools/bracket.py", "tools/diagnosis_text.py", "tools/fault_names.py",
    "tools/live_text.py", "tools/officer_line.py", "tools/panel_naming.py", "tools/peer_words.py", "tools/reading_text.py",
    "tools/report_page.py", "tools/source_check.py", "tools/swap_test.py", "tools/trend_picture.py", "tools/trend_text.py",
    "tools/upkeep.py", "commands/upkeep.py", "paths/outbox.py", "judgement/beams.py",
)
# rooms that give the reason of a fault and no other text: shown by `status` and `diagnose`, on record in English
REASONS = (
    "judgement/agreement.py", "judgement/door.py", "judgement/gate.py", "judgement/health_words.py", "judgement/looks.py",
    "judgement/outage.py", "judgement/scrutiny.py", "judgement/speeds.py", "paths/attachments.py", "paths/lane.py",
    "paths/positioning.py", "paths/retention.py", "paths/room.py", "tools/counting.py", "tools/exchange.py",
    "tools/meaning.py", "tools/n42_frames.py", "tools/nmea.py",
)
# rooms that speak to a person in English still; a test lets nobody add one, and takes out what is translated
STILL = (
    "commands/setup.py", "tools/commissioning_page.py",
)
# rooms that speak English for good, and why
ENGLISH = {
    "commands/center.py": "the centre's words are logs", "commands/center_admission.py": "the same",
    "commands/witness.py": "a witness's words are logs",
    "center/witness_server.py": "the same", "tools/exhibit_page.py": "evidence, for a court of any country",
    "tools/exhibit_words.py": "the same", "tools/broker_words.py": "what the uplink says of a broker is a log",
    "commands/demo.py": "for who tries the program out", "commands/simulate.py": "the same",
}
# errors a person must act on say what to do in his language: worded() (edge_agent/words/language.py).  PeerError stays
# English: it is a log of the uplink
ERRORS = ("EdgeAgentError", "SettingsError", "StorageError", "Unavailable", "LinkError", "BusyError", "NotRunning", "NotAllowed",
          "LearningRefused", "EvidenceError")
ENGLISH_ERRORS = {
    **ENGLISH, "center": "the centre's words are logs", "hands/shelf.py": "a damaged ledger is evidence",
}
# rooms whose EvidenceError no command shows: it goes on record, or between machines
ENGLISH_EVIDENCE = {
    "hands/ledger.py": "why a log was closed, on record", "house/salvage.py": "the same",
    "tools/envelope.py": "between uplink and centre", "tools/piece.py": "the same",
}
PAGES = ("_page.py", "_text.py", "_picture.py", "_line.py", "_words.py")      # of tools: what a person reads is made there
NO_SCREEN = ("add", "debug", "info", "warning", "error", "critical", "exception", "log", "ask")    # --help, logs, questions
# calls that make --help: see of_help
HELPS = ("add_argument", "add_argument_group", "parser", "add_parser", "ArgumentParser", "add_subparsers")
UNSPOKEN = (*DAEMONS, "simulate", "demo")                       # commands that are English for good
OURS = re.compile(r"edge-agent[ a-z-]*|--[a-z][a-z-]*")        # what is typed is the same in every language
PROSE = re.compile(r"[A-Za-z]{2,}[,;:]? [A-Za-z(]")             # two words
WORD = re.compile(r"[A-Za-z]{3,}")
MARKUP = re.compile(r"<[^<>]*>|[^{}<>]*\{(?:font|margin|border|background|page|height|size)[a-z-]*:[^{}]*\}")   # tags, styles


def texts() -> dict[Key, Entry]:
    """Every text of the code, in the order of its files."""
    found: dict[Key, Entry] = {}
    for path in sorted((ROOT / "edge_agent").rglob("*.py")):
        for entry in of_code(path.read_text(), str(path.relative_to(ROOT))):
            _add(found, entry)
    for entry in of_help(whole_parser(), "__init__"):
        _add(found, entry)
    for path in sorted((ROOT / "config/guide").glob("*.toml")):
        for entry in of_guide(path.read_text(), str(path.relative_to(ROOT))):
            _add(found, entry)
    for task in tomllib.loads((ROOT / "config/upkeep.toml").read_text())["task"]:
        _add(found, Entry("upkeep", task["text"], where=["config/upkeep.toml"]))
    return found


def of_help(parser: argparse.ArgumentParser, room: str) -> Iterator[Entry]:
    """What --help of a command says, and of those below it; of UNSPOKEN only the line in the list of commands."""
    said = [part for text in (parser.description, parser.epilog) if text for part in parts(text)]
    said += [group.title or "" for group in parser._action_groups if group._group_actions]
    below: dict[str, argparse.ArgumentParser] = {}
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            below |= action.choices
            said += [one.help or "" for one in action._choices_actions]
        else:
            said.append(action.help or "")
    where = [f"edge_agent/commands/{room}.py"]
    yield from (Entry(HELP, one, where=list(where)) for one in said if one)
    for name, one in below.items():
        if name not in UNSPOKEN:
            yield from of_help(one, name.replace("-", "_") if room == "__init__" else room)


def of_guide(text: str, where: str) -> Iterator[Entry]:
    """What a finding of the fault guide says to a person; SettingsError where a brace would be taken for a place."""
    for finding in tomllib.loads(text)["finding"]:
        said = [finding["title"], *(cause.get(key, "") for cause in finding["cause"] for key in GUIDE)]
        for one in filter(None, said):
            if "{" in one or "}" in one:
                raise SettingsError(f"{where}: {one!r}: a text of the guide holds no braces")
            yield Entry("guide", one, where=[where])


def _add(found: dict[Key, Entry], entry: Entry) -> None:
    held = found.setdefault(entry.key, entry)
    held.many = held.many or entry.many
    held.where += [where for where in entry.where if where not in held.where]


def of_code(code: str, where: str) -> Iterator[Entry]:
    """Texts of one file; SettingsError where one is made while the program runs, and cannot be found here."""
    calls = [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Call)]
    for node in sorted(calls, key=lambda call: (call.lineno, call.col_offset)):
        if isinstance(node.func, ast.Name) and node.func.id == "key":
            yield from _of_key(node, where)
        elif isinstance(node.func, ast.Name) and node.func.id in CALLS:
            given = [_text(argument) for argument in node.args[: CALLS[node.func.id]]]
            if any(isinstance(argument, ast.JoinedStr) for argument in node.args) and node.func.id in ("mark", "markn", "worded"):
                raise SettingsError(f"{where}, line {node.lineno}: {node.func.id}() takes a plain text, no f-string")
            if all(given):
                about = next((_text(word.value) for word in node.keywords if word.arg == "about"), "")
                yield Entry(about, given[0], given[1] if len(given) > 1 else "", where=[where])


def _of_key(call: ast.Call, where: str) -> Iterator[Entry]:
    """What a key of a settings file is for and its form (edge_agent/words/key.py); a name stands for a text that is marked."""
    said = [*call.args[:1], *(word.value for word in call.keywords if word.arg == "form")]
    if any(isinstance(one, ast.JoinedStr) for one in said):
        raise SettingsError(f"{where}, line {call.lineno}: key() takes a plain text, no f-string: worded(..., about={KEY!r})")
    yield from (Entry(KEY, text, where=[where]) for text in map(_text, said) if text)


def speaks(code: str) -> bool:
    """Whether it has texts of a screen, not errors alone."""
    calls = (node.func for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Call))
    return any(isinstance(call, ast.Name) and call.id in CALLS and call.id != "worded" for call in calls)


def _text(node: ast.expr) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def merged(held: list[Entry], wanted: dict[Key, Entry]) -> list[Entry]:
    """A catalogue with exactly the texts there are: header first, translations kept."""
    known = {entry.key: entry for entry in held}
    made = [known.get(("", ""), Entry())]
    for key, entry in wanted.items():
        old = known.get(key, Entry())
        made.append(Entry(*key, entry.many, old.forms or [""], old.fuzzy, entry.where, old.notes))
    return made


def troubles(held: list[Entry], wanted: dict[Key, Entry], name: str) -> list[str]:
    """What keeps a catalogue from being complete, in words that say what to do."""
    known = {entry.key: entry for entry in held if entry.key != ("", "")}
    found = [f"{name}: {key[1]!r} is missing" for key in wanted if key not in known]
    found += [f"{name}: {key[1]!r} is said nowhere any more" for key in known if key not in wanted]
    found += [f"{name}: {key[1]!r} is not translated" for key, entry in known.items() if key in wanted and not entry.done]
    for key, entry in known.items():
        if key in wanted and entry.done and not po_file.fits(entry):
            found.append(f"{name}: {key[1]!r}: its translation must hold {_shown(entry.many or entry.text)}, written the same")
    return found


def prose(code: str) -> list[tuple[int, str]]:
    """Texts of a file that look as if a person reads them and go through no catalogue: (line, text).

    Looked for: two words in a constant, one in an f-string or straight in print().  Left out: docstrings, errors (raise),
    --help (add), logs, keys of tables, and lines with a comment that says `stays English` and why.
    """
    english = {number for number, line in enumerate(code.splitlines(), 1) if "stays English" in line.partition("#")[2]}
    return [(node.lineno, text) for node, text in _loose(ast.parse(code)) if node.lineno not in english]


def _loose(node: ast.AST) -> Iterator[tuple[ast.expr, str]]:
    if isinstance(node, ast.Raise) or (isinstance(node, ast.FunctionDef) and node.name in NO_SCREEN) or _is_docstring(node):
        return
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and PROSE.search(_bare(node.value)):
        yield node, node.value
    if isinstance(node, ast.JoinedStr):
        said = "".join(part.value if isinstance(part, ast.Constant) else "\0" for part in node.values)
        if WORD.search(_bare(said)):
            yield node, ast.unparse(node)
        children: list[ast.AST] = [part.value for part in node.values if isinstance(part, ast.FormattedValue)]
    elif isinstance(node, ast.Call) and _name(node.func) in HELPS:
        return
    elif isinstance(node, ast.Dict):
        children = list(node.values)
    elif isinstance(node, ast.Call) and _name(node.func) == "print":
        plain = [part for part in node.args if _text(part)]
        yield from ((part, _text(part)) for part in plain if WORD.search(_bare(_text(part))))
        children = [part for part in node.args if part not in plain]
    elif isinstance(node, ast.Call) and _name(node.func) in (*CALLS, *NO_SCREEN):
        children = [*node.args[CALLS.get(_name(node.func), len(node.args)) :],
                    *(word.value for word in node.keywords if word.arg != "about")]
    else:
        children = list(ast.iter_child_nodes(node))
    for child in children:
        yield from _loose(child)


def _bare(text: str) -> str:
    """Without what is the same in every language."""
    return OURS.sub("", MARKUP.sub("", text))


def plain_errors(code: str, room: str) -> list[tuple[int, str]]:
    """Errors of ERRORS that are made of a plain text or an f-string: (line, text)."""
    wanted = [name for name in ERRORS if not (room in ENGLISH_EVIDENCE and name == "EvidenceError")]
    calls = [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Call) and node.args]
    return [(call.lineno, ast.unparse(call.args[0])) for call in calls if _name(call.func) in wanted and (
        isinstance(call.args[0], ast.Constant | ast.JoinedStr | ast.BinOp)
        or (isinstance(call.args[0], ast.Call) and _name(call.args[0].func) in ("tr", "trn")))]


def screens() -> list[str]:
    """Rooms that speak to a person: every command, every page, and whoever prints."""
    found = []
    for path in sorted((ROOT / "edge_agent").rglob("*.py")):
        room = str(path.relative_to(ROOT / "edge_agent"))
        page = room.startswith("commands/") or (room.startswith("tools/") and room.endswith(PAGES))
        calls = () if page else (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call))
        if page or any(_name(call.func) == "print" for call in calls):
            found.append(room)
    return found


def _is_docstring(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _name(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def _shown(text: str) -> str:
    return " ".join(f"{{{name}{f':{spec}' if spec else ''}}}" for name, spec, _ in places(text)) or "no braces"


def main(arguments: list[str]) -> int:
    wanted, found = texts(), []
    for path in sorted(LANGUAGES.glob("*.po")):
        held = po_file.read(path.read_text(), path.name)
        if "--check" not in arguments:
            held = merged(held, wanted)
            path.write_text(po_file.write(held))
        found += troubles(held, wanted, path.name)
        print(f"{path.name}: {len(wanted)} texts, {sum(entry.done for entry in held) - 1} translated")
    for line in found[:SHOWN_MAX]:
        print(f"  {line}")
    if found:
        print(f"  {len(found)} in all.  Missing, stale: make texts; then translate in config/languages (docs/translating.md)")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
