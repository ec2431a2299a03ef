"""The plan of the house: imports only go down, hands never import hands, every file has a place and a size."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "edge_agent"
FLOORS = ("words", "tools", "judgement", "doors", "hands", "paths", "house", "commands")
ON_FLOOR = {name: FLOORS.index(name) for name in FLOORS} | {"drivers": FLOORS.index("hands"), "_kernel": 0}
FILES = sorted(PACKAGE.rglob("*.py"))
LINES_MAX = 300
NAMES_WITHOUT_A_PLACE = {"utils", "helpers", "manager", "handler", "common", "misc", "util", "base"}
HEAVY = (
    "numpy", "aiohttp", "pymodbus", "paho", "jsonschema", "jsonschema_rs", "cryptography.x509", "hypothesis", "matplotlib",
)
ONE_IMPORTER = {        # outside package -> the rooms that may import it
    "serial": {"doors/serial.py"},
    "aiosqlite": {"doors/sqlite.py"},
    "pymodbus": {"doors/modbus.py"},
    "cffi": set(),
    "cryptography": {"tools/ed25519.py", "doors/certificates.py", "doors/tls_key.py", "center/tls.py", "center/card.py"},
    "aiohttp": {"center/server.py", "center/witness_server.py"},
    "paho": {"doors/mqtt.py", "center/mqtt.py"},
}


def imports(path: Path) -> Iterator[str]:
    """Dotted names a file imports, also inside functions."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{path}: relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def ours(path: Path) -> Iterator[list[str]]:
    return (name.split(".")[1:] for name in imports(path) if name.startswith("edge_agent."))


def place(path: Path) -> list[str]:
    return list(path.relative_to(PACKAGE).with_suffix("").parts)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_only_go_down(path: Path) -> None:
    room = place(path)[0]
    if room not in ON_FLOOR:
        return
    for name in ours(path):
        if name[0] in ON_FLOOR and name[0] != "__version__":
            assert ON_FLOOR[name[0]] <= ON_FLOOR[room], f"{room} imports {'.'.join(name)}, which is above it"


@pytest.mark.parametrize("path", sorted((PACKAGE / "hands").rglob("*.py")), ids=lambda path: path.name)
def test_hands_never_import_hands(path: Path) -> None:
    hand = place(path)[1]
    allowed = {hand} | ({"shelf"} if hand == "ledger" else set())      # the ledger is a shelf that can be written
    for name in ours(path):
        if name[0] == "hands":
            assert name[1] in allowed, f"{hand} imports the hand {name[1]}"
        assert name[0] != "drivers", f"{hand} imports a driver"


@pytest.mark.parametrize("path", sorted((PACKAGE / "center").rglob("*.py")), ids=lambda path: path.name)
def test_the_centre_shares_only_words_and_tools(path: Path) -> None:
    for name in ours(path):
        assert name[0] in {"center", "words", "tools", "__version__"}, f"the centre imports {'.'.join(name)}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_file_has_a_place_and_a_size(path: Path) -> None:
    assert path.stem not in NAMES_WITHOUT_A_PLACE
    assert len(path.read_text().splitlines()) <= LINES_MAX, f"{path.name} has outgrown its room"
    assert ast.get_docstring(ast.parse(path.read_text())), f"{path.name} does not say what it is for"


@pytest.mark.parametrize("package", sorted(ONE_IMPORTER))
def test_each_outside_package_has_one_door(package: str) -> None:
    found = {
        str(path.relative_to(PACKAGE)) for path in FILES
        if any(name == package or name.startswith(package + ".") for name in imports(path))
    }
    assert found <= ONE_IMPORTER[package], f"{package} is imported by {found - ONE_IMPORTER[package]}"


def test_only_learning_knows_numpy() -> None:
    users = {path.stem for path in FILES if any(name.split(".")[0] == "numpy" for name in imports(path))}
    assert all(name == "lessons" or name.startswith("learning") for name in users)


@pytest.mark.parametrize("process", ["edge_agent.house.core", "edge_agent.house.uplink"])
def test_the_daemon_loads_nothing_heavy(process: str) -> None:
    """Memory of a small ARM board: what only learning, the centre or enrolment need stays out."""
    script = f"import sys, {process}; print([name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_mocks_know_nothing_of_the_agent() -> None:
    for path in (ROOT / "hardware_mocks").rglob("*.py"):
        assert not list(ours(path)), f"{path.name} imports edge_agent"


DRIVERS = sorted(path.stem for path in (PACKAGE / "drivers").glob("*.py") if path.stem != "__init__")


@pytest.mark.parametrize("name", DRIVERS)
def test_a_portal_family_is_one_name_in_four_rooms(name: str) -> None:
    assert (ROOT / f"config/profiles/{name}.toml").exists(), "its profile is missing"
    assert (ROOT / f"hardware_mocks/{name}.py").exists(), "its mock is missing"
    assert list((ROOT / f"tests/captures/{name}").glob("*.capture")), "its captures are missing"
