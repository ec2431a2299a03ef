"""`setup`: from nothing to a receipted test alarm, with no file edited; from answers, and by a person in a terminal."""

from __future__ import annotations

import contextlib
import json
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from edge_agent.tools import jws
from tests.evidence.test_schemas import VALIDATORS

from .post import ENVIRONMENT, Post, wait_for
from .terminal import Terminal

ORIGIN = "rpm.example.gov/portal/SETUP"


def place(post: Post) -> str:
    """HOST:PORT of the mock portal."""
    found = re.search(r'host = "([^"]+)", port = (\d+)', post.lanes[-1])
    assert found is not None
    return f"{found[1]}:{found[2]}"


def answered(post: Post, *, head: str = "", lane: str = "") -> Path:
    """A file of answers for one lane of the mock portal, in the foreground; `head` and `lane`: more lines of either."""
    file = post.where / "answers.toml"
    file.write_text(
        f'origin = "{ORIGIN}"\nstate = "{post.where}/state"\nsockets = "{post.where}/run"\n'
        f'enrolment = "{post.where}/enrolment.json"\nservice = "foreground"\n{head}'
        f'[[lane]]\nname = "2"\nplace = "{place(post)}"\npanels = "unverified"\n{lane}'
    )
    return file


def enrolled_by_the_centre(post: Post, enrolment: Path) -> threading.Thread:
    """The centre enrols what setup made, some seconds after the file is there."""
    def work() -> None:
        wait_for(enrolment.exists, 120, "the enrolment file")
        time.sleep(2)
        post.admit(enrolment)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def records(post: Post) -> list[dict[str, Any]]:
    copy = post.where / "copy.ndjson"
    post.command("center", "export", post.where / "centre", ORIGIN, "--out", copy)
    parts = [jws.take_apart(line) for line in copy.read_bytes().splitlines()]
    return [{**part.payload, "kind": part.kind} for part in parts]


def centre_has_it(post: Post) -> None:
    found = records(post)
    (alarm,) = [record for record in found if record["kind"] == "alarm" and record["rule"] == "test/1"]
    assert alarm["exercise"], "a test alarm must not be taken for real"
    done = [record for record in found if record["kind"] == "commissioning"]
    assert done and not done[0]["passed"], "no source was measured: it is not commissioned"
    for record in (alarm, *done):
        assert not list(VALIDATORS[record.pop("kind")].iter_errors(record))


def test_answers_lead_to_a_receipted_test_alarm(post: Post) -> None:
    post.make_centre()
    post.start_centre()
    post.portal("A", "--scene", "quiet")
    answers = answered(post, head=f'centre_card = "{post.where}/card.json"\npatience_s = 60\n')
    thread = enrolled_by_the_centre(post, post.where / "enrolment.json")
    done = post.command("setup", "--answers", answers, "--config", post.config, "--by", "R. Kazlauskas", check=False)
    thread.join(10)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "has the centre's receipt" in done.stdout and re.search(r"(\d{5} ){5}\d{5}", done.stdout)
    assert [line[:5] for line in done.stdout.splitlines() if line.startswith("[")] == [f"[{n}/7]" for n in range(1, 8)]
    centre_has_it(post)
    post.command("config", "check", "--config", post.config)
    again = post.command("setup", "--answers", answers, "--config", post.config, check=False)       # goes on with what is there
    assert again.returncode == 0 and "it is kept" in again.stdout


def test_answers_that_are_wrong_are_named_and_nothing_is_half_done(post: Post) -> None:
    good = {"origin": f'"{ORIGIN}"', "state": f'"{post.where}/state"', "sockets": f'"{post.where}/run"',
            "service": '"foreground"'}
    post.portal("A", "--scene", "quiet")
    lane = f'[[lane]]\nname = "2"\nplace = "{place(post)}"\npanels = "unverified"\n'
    for changed, lanes, said in (
        ({"origin": '"no origin"'}, lane, "origin"), ({"state": '"relative"'}, lane, "state"),
        ({"state": '"/etc/hostname/x"'}, lane, "is no directory"), ({}, lane + lane, "a lane already"),
        ({}, lane + lane.replace('"2"', '"3"'), "is lane 2's already"), ({}, lane.replace('"2"', '"a b"'), "lane 1: name"),
        ({}, lane.replace(place(post), "127.0.0.1:9"), "nobody answers"),
        ({}, lane + 'kind = "boat"\n', "lane 1: kind"), ({"centre_card": '"/etc/hostname"'}, lane, "it is not JSON"),
        ({"centre_card": '"/etc"'}, lane, "not a centre's card: "), ({}, "", "lane 1: name"),
        ({}, lane.replace(place(post), "/dev/nosuch"), "no such port"),
        ({"lane": "5"}, "", "[[lane]] tables"), ({"patience_s": '"x"'}, lane, "patience_s"),
        ({}, lane.replace('panels = "unverified"\n', ""), "lane 1: panels is missing"),
        ({"service": '"cron"'}, lane, "service = 'cron'"), ({"service": "5"}, lane, "service = 5: expected a text"),
        ({}, lane.replace('"2"', "2"), "lane 1: name = 2"), ({}, lane.replace('"unverified"', '"source"'), "needs a person"),
        ({}, lane + 'station = "booth"\n', "lane 1: station"),
        ({"orign": '"x"'}, lane, "Did you mean origin?"), ({}, lane + "baud = 9600\n", "lane 1: baud: unknown key"),
    ):
        answers = post.where / "answers.toml"
        answers.write_text("".join(f"{key} = {value}\n" for key, value in {**good, **changed}.items()) + lanes)
        done = post.command("setup", "--answers", answers, "--config", post.config, check=False)
        assert done.returncode in (3, 4) and said in done.stderr and "Errno" not in done.stderr, (changed, done.stderr)
        assert "Traceback" not in done.stderr
        assert not post.config.exists()


def _hears_a_hangup() -> None:
    """Whoever runs the tests under nohup passes its deafness on."""
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


def test_a_setup_that_is_killed_takes_its_core_with_it_and_the_next_one_goes_on(post: Post) -> None:
    post.portal("A", "--scene", "quiet")
    answers = answered(post)
    words = ("setup", "--answers", answers, "--config", post.config)
    for number in (signal.SIGKILL, signal.SIGHUP):
        command = [sys.executable, "-m", "edge_agent", *map(str, words)]
        killed = subprocess.Popen(command, env=ENVIRONMENT, stdout=subprocess.DEVNULL, preexec_fn=_hears_a_hangup)
        wait_for(lambda: post.ask("status"), 60, "the core of setup")
        killed.send_signal(number)
        killed.wait(20)
        wait_for(lambda: post.ask("status") is None, 20, "it ends with setup")
    done = post.command(*words, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "ok   lane 2: background" in done.stdout and "ok   lane 2: balance" in done.stdout
    left = "source-check, walk-through, speed, tamper, mains, annunciator"
    assert f"all that was tried passed.  Not commissioned yet, left out: {left}" in done.stdout
    assert "Next: edge-agent commission 2" in done.stdout
    page = (post.config.parent / "commissioning-2.html").read_text()
    assert "NOT complete. Left out: source-check, walk-through" in page and "balance" in page


def test_a_core_that_runs_already_is_named_by_its_process(post: Post) -> None:
    post.portal("A", "--scene", "quiet")
    post.configure()
    post.enrol()
    post.start_core()
    post.status()
    answers = post.where / "answers.toml"
    answers.write_text(f'enrolment = "{post.where}/again.json"\nservice = "foreground"\n')
    done = post.command("setup", "--answers", answers, "--config", post.config, check=False)
    assert done.returncode == 8 and f"kill {post.processes['core'].pid}" in done.stderr, done.stderr


def test_a_person_with_a_wrong_answer_at_every_step_comes_to_the_same_end(post: Post) -> None:
    post.make_centre()
    post.start_centre()
    post.portal("A", "--scene", "quiet")
    first = place(post)
    post.portal("B", "--scene", "quiet")
    second = place(post)
    thread = enrolled_by_the_centre(post, post.where / "enrolment.json")
    screen = Terminal("setup", "--config", str(post.config), "--by", "R. Kazlauskas")
    try:
        screen.answer("Name of its log", "", "NO", ORIGIN)
        screen.answer("Directory of keys", "relative/state", f"{post.where}/state")
        screen.answer("Directory of its sockets", "x", str(Path(__file__)), f"{post.where}/run")
        screen.answer("Name of lane 1", "", "a b", "2")
        screen.answer("What passes", "boat", "vehicle")
        screen.answer("Its wire", "", "127.0.0.1:9", "/dev/nosuch", first)
        screen.answer("Its family", "nonsense", "aspect", "")
        screen.answer("alarm station", "the booth", "")
        screen.answer("Name of lane 2", "2", "3")       # of the same name; a lane whose wire is another's already
        screen.answer("What passes", "")
        screen.answer("Its wire", first, second)
        screen.answer("Its family", "")
        screen.answer("alarm station", "127.0.0.9")
        screen.answer("own address on the station's network", "0.0.0.0", "127.0.0.2")       # all would be open to every network
        screen.answer("Name of lane 3", "-")
        screen.answer("centre's card", "/etc/hostname", f"{post.where}/card.json")
        screen.answer("Who is told", "everybody", "log")
        screen.answer("File to carry", "here", "/nosuch/enrolment.json", f"{post.where}", f"{post.where}/enrolment.json")
        screen.answer("How it runs", "somehow", "foreground")
        screen.answer("unverified: every record says so", "left and right", "")
        screen.answer("unverified: every record says so", "")
        screen.answer("is somebody there", "soon", "")
        screen.answer("is somebody there", "later")
        screen.until("This post works", 180)
        assert screen.process.wait(60) == 0
    finally:
        screen.process.kill()
    thread.join(10)
    centre_has_it(post)
    assert json.loads((post.where / ".setup-answers.json").read_text())["origin"] == ORIGIN


def test_a_new_configuration_that_is_stopped_says_how_it_goes_on(post: Post) -> None:
    """Without --again setup goes on with the one that is there."""
    post.portal("A", "--scene", "quiet")
    post.configure()
    before = post.config.read_text()
    screen = Terminal("setup", "--again", "--config", str(post.config))
    try:
        for question, answer in (
            ("Name of its log", ORIGIN), ("Directory of keys", f"{post.where}/state"), ("of its sockets", f"{post.where}/run"),
            ("Name of lane 1", "2"), ("What passes", ""), ("Its wire", place(post)), ("Its family", "radpro"),
        ):
            screen.answer(question, answer)
        screen.until("what was heard is rapiscan, not radpro")
        screen.interrupt()
        screen.until("edge-agent setup --again goes on")
    finally:
        screen.process.kill()
    assert post.config.read_text() == before


def test_who_has_it_start_nothing_is_told_what_to_start(post: Post) -> None:
    post.portal("A", "--scene", "quiet")
    answers = answered(post)
    answers.write_text(answers.read_text().replace('"foreground"', '"none"'))
    done = post.command("setup", "--answers", answers, "--config", post.config, check=False, timeout_s=120)
    assert done.returncode == 9 and f"edge-agent run --config {post.config}" in done.stderr, done.stderr


def test_a_configuration_that_is_not_good_says_how_another_is_made(post: Post) -> None:
    post.portal("A", "--scene", "quiet")
    post.configure()
    post.config.write_text(post.config.read_text() + post.lanes[0])
    done = post.command("setup", "--config", post.config, check=False)
    assert done.returncode == 3 and "two lanes are called 'A'" in done.stderr and "setup --again" in done.stderr


def test_setup_takes_an_alarm_stations_place_and_writes_down_the_way_back(post: Post) -> None:
    post.portal("A", "--scene", "quiet")
    host, port = place(post).split(":")
    answers = answered(post, lane='station = "127.0.0.1"\nrelay_host = "127.0.0.2"\n')
    words = ("setup", "--answers", str(answers), "--config", str(post.config))
    running = subprocess.Popen([sys.executable, "-m", "edge_agent", *words], env=ENVIRONMENT,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        def heard() -> bytes:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.2", int(port)), 5) as station:
                return station.recv(100)
            return b""

        assert wait_for(heard, 120, "the portal's bytes at the station")[:2].isalpha()
        out, _ = running.communicate(timeout=200)
    finally:
        running.kill()
    assert running.returncode == 0, out
    told = (post.where / "alarm-station-2.txt").read_text()
    assert f"before      {host}:{port} (the portal)" in told and f"after       127.0.0.2:{port}" in told
    assert "Undo: on the station" in told and "Undo: on the station" in out


@pytest.mark.slow
def test_killed_at_any_step_the_next_setup_comes_to_the_same_end_with_the_same_keys(post: Post) -> None:
    post.make_centre()
    post.start_centre()
    post.portal("A", "--scene", "quiet")
    answers = answered(post, head=f'centre_card = "{post.where}/card.json"\npatience_s = 90\n')
    words = ("setup", "--answers", answers, "--config", post.config, "--by", "R. Kazlauskas")
    thread = enrolled_by_the_centre(post, post.where / "enrolment.json")
    for step in range(1, 8):
        running = subprocess.Popen([sys.executable, "-m", "edge_agent", *map(str, words)], env=ENVIRONMENT, text=True,
                                   stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, preexec_fn=_hears_a_hangup)
        assert running.stdout is not None
        assert any(line.startswith(f"[{step}/7]") for line in running.stdout), f"step {step} was not reached"
        running.kill()
        running.communicate()
        wait_for(lambda: post.ask("status") is None, 30, "its core ends with it")
    done = post.command(*words, check=False, timeout_s=300)
    thread.join(10)
    assert done.returncode == 0, done.stdout + done.stderr
    logs = {record["log"] for record in records(post)}
    assert logs == {ORIGIN}, "one log, of one key, whatever was killed"
    open_ = [record for record in records(post) if record["kind"] == "exercise"]
    assert sum(record["phase"] == "begin" for record in open_) >= sum(record["phase"] == "end" for record in open_) >= 1


def test_a_technician_may_set_up_in_lithuanian(post: Post) -> None:
    """Keys are enrolled by a command of its own, whose words setup reads.  Where root's files are for root alone, too."""
    post.portal("A", "--scene", "quiet")
    answers = answered(post)
    words = [sys.executable, "-m", "edge_agent", "setup", "--answers", str(answers), "--config", str(post.config)]
    done = subprocess.run(words, env={**ENVIRONMENT, "LC_ALL": "lt_LT.UTF-8"}, capture_output=True, text=True, timeout=200,
                          umask=0o077)
    assert done.returncode == 0, done.stdout + done.stderr
    assert post.config.stat().st_mode & 0o777 == 0o644, "the account of the core reads it"
    assert "Šis postas veikia" in done.stdout and re.search(r"(\d{5} ){5}\d{5}", done.stdout)
    assert '<html lang="lt">' in (post.where / "commissioning-2.html").read_text()
