"""Lamps, horn and button of a real core, on an I/O module that is pymodbus's own server, over TCP."""

from __future__ import annotations

import asyncio
import json
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.annunciation.test_lamps import IoModule
from tests.evidence.test_schemas import VALIDATORS

from .post import Post, payloads, wait_for
from .terminal import Terminal

MODULE = """
[[annunciator.module]]
host = "127.0.0.1"
port = {port}
coils = {{ gamma = 0, neutron = 0, fault = 1, ready = 2, horn = 3, heartbeat = 4 }}
button = 5
"""


@contextmanager
def served(module: IoModule) -> Iterator[IoModule]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        asyncio.run_coroutine_threadsafe(module.on(), loop).result(10)
        yield module
    finally:
        asyncio.run_coroutine_threadsafe(module.off(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


@pytest.mark.slow
def test_a_vehicle_lights_the_lamp_the_button_is_on_record_and_the_end_is_the_fault_lamp(post: Post) -> None:
    with served(IoModule()) as module:
        post.portal("1", "--scene", "five", "--rate", "10", "--loop", pty=True)
        post.configure(heartbeat_s=2)
        post.config.write_text(post.config.read_text() + MODULE.format(port=module.port))
        post.enrol()
        post.start_core()
        wait_for(lambda: 2 in module.lit(), 60, "green")
        wait_for(lambda: 3 in module.lit(), 60, "the horn")
        assert 2 not in module.lit()
        pressed = False

        def acknowledged() -> list[dict[str, object]]:
            nonlocal pressed
            pressed = not pressed
            module.press(pressed)           # an officer presses until it is quiet
            threading.Event().wait(0.5)
            return [r for r in payloads(post.all_lines(), "operator") if r["action"] == "acknowledge"]

        record = wait_for(acknowledged, 60, "the acknowledgement")[0]
        alarms = [r["id"] for r in payloads(post.all_lines(), "alarm")]
        assert record["alarm"] in alarms and record["lane"] == "1"
        assert f"button, input 5 of I/O module 127.0.0.1:{module.port} unit 1" in json.dumps(record["by"])
        VALIDATORS["operator"].validate({key: value for key, value in record.items() if key != "kind"})
        line = post.command("status", "--officer", "--config", post.config, check=False).stdout
        assert line.startswith("Lane 1: ALARM ") and " ago" in line, line
        post.kill("core", signal.SIGTERM)
        assert module.lit() == [1], post.log("core")


@pytest.mark.slow
def test_a_module_that_is_not_there_is_a_fault_and_stops_no_lane(post: Post) -> None:
    module = IoModule()
    post.portal("1", "--scene", "five", "--rate", "10", "--loop", pty=True)
    post.configure(heartbeat_s=2)
    post.config.write_text(post.config.read_text() + MODULE.format(port=module.port))
    post.enrol()
    post.start_core()
    wait_for(lambda: post.status()["fault_details"].get("lamps"), 30, "the fault")
    assert f"I/O module 127.0.0.1:{module.port}" in post.status()["fault_details"]["lamps"]
    wait_for(lambda: list(payloads(post.all_lines(), "alarm")), 60, "an alarm")


@pytest.mark.slow
def test_a_person_at_the_lamp_commissions_it_and_presses_the_button(post: Post) -> None:
    with served(IoModule()) as module:
        post.portal("1", "--scene", "quiet", "--rate", "4")
        post.configure()
        post.config.write_text(post.config.read_text() + MODULE.format(port=module.port))
        post.enrol()
        post.start_core()
        wait_for(lambda: 2 in module.lit(), 60, "green")
        screen = Terminal("commission", "1", "--by", "R. Kazlauskas", "--config", str(post.config))
        try:
            screen.answer("gamma: which check source", "later", seconds=120)
            screen.answer("neutron: which check source", "none")
            for question in ("A source is carried", "cabinet is opened", "mains are switched"):
                screen.answer(question, "later")
            screen.answer("where lamp and horn", "yes")
            screen.until("one long flash a second")
            wait_for(lambda: 3 in module.lit(), 20, "the horn")
            screen.answer("one long flash a second", "yes")
            screen.answer("two short ones", "yes")
            screen.until("press the acknowledge button")
            pressed = False

            def noticed() -> bool:
                nonlocal pressed
                pressed = not pressed
                module.press(pressed)
                threading.Event().wait(0.5)
                return any(r["action"] == "acknowledge" for r in payloads(post.all_lines(), "operator"))

            wait_for(noticed, 60, "the button")
            screen.until("all that was tried passed.  Not commissioned yet", 60)
            assert screen.process.wait(30) == 1, "the other steps were left for later"
        finally:
            screen.process.kill()
        (done,) = payloads(post.all_lines(), "commissioning")
        why = "source-check (no neutron check source is kept at this post)"
        told = " ".join(post.command("status", "--config", post.config, check=False).stdout.split())
        assert "lane 1: commissioning not complete: source-check," in told and why in told
        assert why in (post.where / "commissioning-1.html").read_text()
        lamps = next(step for step in done["steps"] if step["step"] == "annunciator")
        assert lamps["verdict"] == "pass" and "seen and heard" in lamps["text"]
