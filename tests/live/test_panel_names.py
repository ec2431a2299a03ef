"""setup names panels by a check source: a person walks from panel to panel; two of the portal's cables are crossed."""

from __future__ import annotations

import asyncio
import random
import threading
import time
from collections.abc import Iterator

import pytest

from edge_agent.house.configuration import load
from hardware_mocks.slave import Instrument, Slave
from hardware_mocks.slave_ends import SlaveTcp

from .post import Post, free_port, payloads, wait_for
from .terminal import Terminal

pytestmark = pytest.mark.slow
PANELS = ["Aa1", "Aa2", "Ba1", "Ba2"]
WIRED = ["Aa2", "Aa1", "Ba1", "Ba2"]        # which panel each field of this wire really is
BACKGROUND_CPS, SOURCE_CPS = 250.0, 1500.0


class Portal:
    """A Modbus portal whose fields count as the map of modbus_map says; `at`: the panel the source is held at."""

    def __init__(self) -> None:
        self.port, self.at, self._totals, self._last_s = free_port(), "", [0.0] * 6, time.monotonic()
        self._dice, self._ended = random.Random(5), threading.Event()
        self._held = Instrument(catch_up=self._count)
        self._held.hold("input", 0, *[0] * 15)
        self._held.hold("discrete", 0, 1, 0, 0)
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)
        self._thread.start()

    def _count(self) -> None:
        now_s = time.monotonic()
        gone_s, self._last_s = now_s - self._last_s, now_s
        for field in range(6):
            panel = WIRED[field] if field < 4 else ""
            mean = (2.0 if field >= 4 else BACKGROUND_CPS + SOURCE_CPS * (panel == self.at) + 60.0 * bool(self.at)) * gone_s
            self._totals[field] += max(0.0, self._dice.gauss(mean, mean**0.5))
            total = int(self._totals[field])
            self._held.hold("input", 2 * field, total >> 16, total)
        self._held.hold("input", 13, int(now_s * 1000) >> 16, int(now_s * 1000))

    async def _serve(self) -> None:
        end = SlaveTcp(Slave({1: self._held}, "tcp", random.Random(1)), "127.0.0.1", self.port)
        await end.open()
        while not self._ended.is_set():
            await asyncio.sleep(0.05)
        await end.close()

    def end(self) -> None:
        self._ended.set()
        self._thread.join(5)


@pytest.fixture
def portal() -> Iterator[Portal]:
    made = Portal()
    yield made
    made.end()


def test_a_person_with_a_source_names_the_panels_and_crossed_cables_are_found(post: Post, portal: Portal) -> None:
    screen = Terminal("setup", "--config", str(post.config), "--by", "R. Kazlauskas")
    try:
        for question, answer in (
            ("Name of its log", "rpm.example.gov/portal/SETUP"), ("Directory of keys", f"{post.where}/state"),
            ("Directory of its sockets", f"{post.where}/run"), ("Name of lane 1", "2"), ("What passes", "vehicle"),
            ("Its wire", f"127.0.0.1:{portal.port}"), ("Its family", "modbus_map"), ("Name of lane 2", ""),
            ("centre's card", "none"), ("Who is told", "log"), ("File to carry", ""), ("How it runs", "foreground"),
        ):
            screen.answer(question, answer)
        screen.answer("unverified: every record says so", "Aa1 Aa1 Ba1 Ba2", "source")
        screen.until("keep the source away until it is asked for")       # it had to know the background, and took the source in
        screen.until("Hold the source at panel Aa1")
        portal.at = "Aa1"
        screen.answer("Hold the source at panel Aa1", "")
        screen.until("up to 60 s: leave the source there until the result is shown")
        screen.until("ok   Aa1: field 2 rose")
        screen.until("certain after")                           # not the ten seconds of the full count
        screen.answer("Hold the source at panel Aa2", "")       # still at the first
        screen.until("FAIL Aa2: field 2 rose, and it is Aa1's already")
        portal.at = ""                                          # nobody there: told, and asked again
        screen.answer("Hold the source at panel Aa2", "")
        screen.until("FAIL Aa2: no field rose")
        for panel, field in (("Aa2", 1), ("Ba1", 3), ("Ba2", 4)):
            portal.at = panel
            screen.answer(f"Hold the source at panel {panel}", "")
            screen.until(f"ok   {panel}: field {field} rose")
        portal.at = ""
        screen.answer("Take the source back", "")
        screen.answer("is somebody there", "later", seconds=180)
        screen.until("This post works", 120)
        assert screen.process.wait(60) == 0
    finally:
        screen.process.kill()
    lane = load(post.config).settings.lane[0]
    assert lane.panels_verified and lane.gamma == WIRED
    post.start_core()
    lines = post.all_lines()
    marked = [each["reason"] for each in payloads(lines, "maintenance") if each["phase"] == "begin"]
    assert marked == ["panels named by a check source"], "the source is no smuggler"
    (done,) = payloads(lines, "commissioning")
    assert done["panels_verified"] and not done["passed"], "which panel is which is no background and no source check"
    wait_for(lambda: post.status()["lanes"]["2"]["panels_verified"], 20, "verified from now on")


def test_answers_may_give_the_order_and_are_told_when_a_person_is_needed(post: Post, portal: Portal) -> None:
    answers = post.where / "answers.toml"

    def run(panels: str) -> str:
        answers.write_text(
            f'origin = "rpm.example.gov/portal/SETUP"\nstate = "{post.where}/state"\nsockets = "{post.where}/run"\n'
            f'enrolment = "{post.where}/enrolment.json"\nservice = "foreground"\n'
            f'[[lane]]\nname = "2"\nplace = "127.0.0.1:{portal.port}"\ndriver = "modbus_map"\n{panels}')
        done = post.command("setup", "--answers", answers, "--config", post.config, check=False)
        assert "Traceback" not in done.stderr
        return done.stdout + done.stderr

    assert "lane 1: panels is missing" in run("") and not post.config.exists()
    assert "panels unverified; later: edge-agent panel name 2" in run('panels = "unverified"\n')
    assert "needs a person at the panels" in run('panels = "source"\n')        # goes on with the configuration that is there
    assert "expected unverified, source" in run('panels = "left right"\n')
    assert not load(post.config).settings.lane[0].panels_verified
    assert "panels verified, in the order of the wire Aa2 Aa1 Ba1 Ba2" in run('panels = "Aa2 Aa1 Ba1 Ba2"\n')
    assert load(post.config).settings.lane[0].gamma == WIRED


def test_later_and_by_hand(post: Post, portal: Portal) -> None:
    """`panel name` on a running core: the file changes, the daemon goes on until somebody restarts it."""
    post.config.write_text(
        f'version = 1\n[portal]\norigin = "t.example/portal/T"\nstate = "{post.where}/state"\nsockets = "{post.where}/run"\n'
        f'[[lane]]\nname = "2"     # truck lane\ndriver = "modbus_map"\n'
        f'link = {{ kind = "modbus-tcp", host = "127.0.0.1", port = {portal.port}, unit = 1 }}\n')
    post.enrol()
    post.start_core()
    wait_for(lambda: post.status()["lanes"]["2"]["armed"], 60, "a background")
    screen = Terminal("panel", "name", "2", "--seconds", "4", "--config", str(post.config))
    try:
        for panel in PANELS:
            portal.at = panel
            screen.answer(f"Hold the source at panel {panel}", "")
            screen.until(f"ok   {panel}: field")
        portal.at = ""
        screen.answer("Take the source back", "")
        screen.until("systemctl restart edge-agent")
        assert screen.process.wait(20) == 0
    finally:
        screen.process.kill()
    assert load(post.config).settings.lane[0].gamma == WIRED and "# truck lane" in post.config.read_text()
    assert post.status()["acts"] == []
