"""A check source held at panels of a mock portal: measured, on record, and the lane marked meanwhile."""

from __future__ import annotations

import json
import subprocess
import sys

from edge_agent.house import source_checking
from edge_agent.tools import jws
from tests.evidence.test_schemas import VALIDATORS

from .post import ENVIRONMENT, Post, wait_for

SCENE = """duration_s = 4000.0
[[high_backgrounds]]            # the source: every panel counts three times as much
at_s = 60.0
until_s = 3000.0
factor = 3.0
"""


def test_a_source_is_measured_and_written_down(post: Post) -> None:
    (post.where / "source.toml").write_text(SCENE)
    post.configure()
    none = post.command("source-check", "1", "--source", "X", "--panel", "Aa1", "--config", post.config, check=False)
    assert none.returncode == 3 and "docs/diagnostics.md" in none.stderr        # no example of it is shipped
    (post.where / "sources.toml").write_text(
        '[[source]]\nid = "CS-1188"\nnuclide = "Cs-137"\nactivity_bq = 370000.0\ndate = "2020-01-01"\nkept = "safe, post 2"\n'
        'measured = "2026-01-01"\nexpected_cps = { Aa1 = 510.0, Aa2 = 900.0 }\n')
    post.portal("1", "--scene", str(post.where / "source.toml"), "--rate", "4")
    post.configure()
    post.enrol()
    post.start_core()
    words = ["source-check", "1", "--source", "CS-1188", "--panel", "Aa1", "--panel", "Aa2", "--panel", "Ba1", "--seconds", "8",
             "--by", "R. Kazlauskas", "--json", "--config", str(post.config)]
    wait_for(lambda: (post.ask("live") or {"lanes": {}})["lanes"].get("1", {}).get("radiations", {}).get("gamma", {}).get(
        "background_cps", [None])[0], 30, "a background")
    wrong = subprocess.run([sys.executable, "-m", "edge_agent", "source-check", "1", "--source", "CS-1188", "--panel", "Xx9",
                            "--config", str(post.config)], capture_output=True, text=True, env=ENVIRONMENT)
    assert wrong.returncode == 3 and "has no Xx9" in wrong.stderr and "maintenance" not in wrong.stdout     # nor was it: below
    check = subprocess.Popen([sys.executable, "-m", "edge_agent", *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, text=True, env=ENVIRONMENT)
    wait_for(lambda: (post.status().get("acts") or [{}])[0].get("kind") == "maintenance", 20, "the lane marked")
    wait_for(lambda: (post.ask("live") or {})["lanes"]["1"]["radiations"]["gamma"]["cps"][0] > 600, 60, "the source in place")
    out, err = check.communicate("\n\n\n\n", timeout=120)
    assert check.returncode == 1 and "Traceback" not in err, err
    found = json.loads(out)["detectors"]
    assert found["Aa1"]["passed"] and not found["Aa2"]["passed"] and found["Ba1"]["expected_cps"] is None
    assert "ok   Aa1" in err and "FAIL Aa2" in err and "measured for the first time" in err

    def records() -> list[tuple[str, dict]]:  # type: ignore[type-arg]
        parts = [jws.take_apart(line.encode()) for line in (post.ask("lines", **{"from": 0}) or {})["lines"]]
        return [(part.kind, part.payload) for part in parts if part.kind in ("operator", "maintenance")]

    kinds = wait_for(lambda: (got := records())[2:] and got, 10, "the records")
    assert [kind for kind, _ in kinds] == ["maintenance", "operator", "maintenance"]
    assert kinds[1][1]["check"]["source"] == "CS-1188" and not list(VALIDATORS["operator"].iter_errors(kinds[1][1]))
    assert post.status()["acts"] == []


def test_a_good_first_measurement_is_what_is_expected_from_then_on(post: Post) -> None:
    """Nobody copies numbers by hand."""
    (post.where / "source.toml").write_text(SCENE)
    register = post.where / "sources.toml"
    register.write_text('[[source]]\nid = "CS-1188"  # lid\nnuclide = "Cs-137"\nactivity_bq = 370000.0\ndate = "2020-01-01"\n')
    post.portal("1", "--scene", str(post.where / "source.toml"), "--rate", "4")
    post.configure()
    post.enrol()
    post.start_core()
    words = ["source-check", "1", "--source", "CS-1188", "--panel", "Aa1", "--seconds", "8", "--config", str(post.config)]

    def cps() -> float:
        return float(((post.ask("live") or {"lanes": {}})["lanes"].get("1", {}).get("radiations", {}).get("gamma", {}).get(
            "cps") or [0.0])[0])

    wait_for(lambda: 0 < cps() < 500 and (post.ask("live") or {})["lanes"]["1"]["radiations"]["gamma"]["background_cps"][0],
             30, "a background")
    check = subprocess.Popen([sys.executable, "-m", "edge_agent", *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, text=True, env=ENVIRONMENT)
    wait_for(lambda: (post.status().get("acts") or [{}])[0].get("kind") == "maintenance", 20, "the lane marked")
    wait_for(lambda: cps() > 600, 60, "the source in place")
    out, err = check.communicate("\n\n", timeout=120)
    assert check.returncode == 0 and "sources.toml has it now" in out, out + err
    (source,) = source_checking.register(register)
    assert 400 < source.expected_cps["Aa1"] < 700 and "# lid" in register.read_text()
