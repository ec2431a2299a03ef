"""What --help prints is what docs/commands.md, the man page and the completions say, and every example in it is well formed."""

from __future__ import annotations

import argparse
import importlib.util
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from edge_agent import commands
from edge_agent.commands import whole_parser

DOCS = Path(__file__).resolve().parents[2] / "docs"
OF_A_SHELL = {"simulate"}       # hands its words on to the mocks: they have parsers of their own


def _generate() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate", DOCS / "generate.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


GENERATE = _generate()
PARSERS = list(GENERATE.commands(whole_parser()))


@pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="argparse words its help otherwise in other versions of Python")
def test_what_is_committed_is_what_the_commands_say() -> None:
    for path, text in GENERATE.pages().items():
        assert (DOCS / path).read_text() == text, f"docs/{path} is stale: make docs"


@pytest.mark.parametrize("parser", PARSERS, ids=lambda parser: str(parser.prog))
def test_help_fits_a_serial_console_and_has_an_example(parser: argparse.ArgumentParser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    text = parser.format_help()
    assert max(map(len, text.splitlines())) <= 80
    assert any(isinstance(action, argparse._SubParsersAction) for action in parser._actions) or "example:\n" in text


def _examples(parser: argparse.ArgumentParser) -> Iterator[list[str]]:
    for line in (parser.epilog or "").splitlines():
        words = shlex.split(line) if line.startswith("  ") else []
        if "edge-agent" in words:               # the last: `sudo -u edge-agent edge-agent alarms`
            yield words[len(words) - words[::-1].index("edge-agent"):]


@pytest.mark.parametrize("parser", PARSERS, ids=lambda parser: str(parser.prog))
def test_every_example_is_taken_as_it_stands(parser: argparse.ArgumentParser) -> None:
    for words in _examples(parser):
        if words[0] not in OF_A_SHELL:
            whole_parser().parse_args(words)        # exits where the command would refuse it


def test_bash_completes_commands_and_options() -> None:
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("bash is not installed: apt install bash")

    def completed(*words: str) -> set[str]:
        script = f"source {DOCS}/completion/edge-agent; COMP_WORDS=({shlex.join(words)}); COMP_CWORD={len(words) - 1}; " \
                 "_shtab_edge_agent 2>/dev/null; printf '%s\\n' \"${COMPREPLY[@]}\""
        return set(subprocess.run([bash, "-c", script], capture_output=True, text=True, check=True).stdout.split())

    assert {"status", "run", "replay"} <= completed("edge-agent", "")
    assert completed("edge-agent", "stat") == {"status"}
    assert "--json" in completed("edge-agent", "status", "--")


def test_ctrl_c_while_options_are_read_is_no_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    """Found by attack: a hand that is quicker than the parser, which a slow controller makes easy."""
    def interrupted(given: list[str]) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(commands, "_parser", interrupted)
    assert commands.main(["status"]) == 130
