"""POST entries: what is taken, what a receipt means, what is sent again."""

from __future__ import annotations

import gzip
import hashlib
import json
from pathlib import Path

import pytest

from edge_agent.tools import notes
from edge_agent.words.record import LINE_MAX

from .bench import Centre, until
from .portal import VECTORS, Certificate, Portal, body_of, vector_enrolment


def test_the_vectors_are_accepted_as_they_are(centre: Centre, tmp_path: Path) -> None:
    certificate = Certificate(tmp_path)
    origin = centre.enrol(vector_enrolment(certificate)).origin
    at = f"/v1/logs/{hashlib.sha256(origin.encode()).hexdigest()}"
    until(lambda: centre.ask(certificate, "GET", f"{at}/checkpoint").status)
    log_key = notes.read_vkey((VECTORS / "portal.vkey").read_text())

    early = centre.ask(certificate, "POST", f"{at}/express", (VECTORS / "express.json").read_bytes())
    assert (early.status, json.loads(early.body)) == (202, {"state": "chain-pending"})
    assert "lane=2 radiation=gamma rule=focus/1 statistic=9.4 at=2026-11-23T18:00:41.250Z" in centre.wait("ALARM")

    lines = (VECTORS / "log.ndjson").read_bytes().splitlines()
    for body, size in (
        (body_of(lines[:2], (VECTORS / "receipt-1.txt").read_bytes()), 2),
        ((VECTORS / "post-entries.txt").read_bytes(), 4),
        (body_of(lines, (VECTORS / "checkpoint.txt").read_bytes()), 4),
    ):
        got = centre.ask(certificate, "POST", f"{at}/entries", body)
        assert got.status == 200
        newest = centre.ask(certificate, "GET", f"{at}/checkpoint").body
        assert newest.endswith(got.body)
        assert notes.open_receipt(newest, log_key, centre.key).checkpoint.size == size
    assert "state=chained" in centre.wait("ALARM")


def test_a_batch_is_receipted_and_kept(centre: Centre, portal: Portal) -> None:
    portal.write_many(5)
    got = centre.post(portal, portal.batch())
    receipt = centre.receipt(portal, got)
    assert receipt.checkpoint.size == 5 and receipt.time_s == int(centre.clock.now_s)
    assert got.headers["Content-Type"].startswith("text/plain")
    assert [row[0] for row in centre.kept("SELECT line FROM line ORDER BY seq")] == portal.lines
    assert centre.root(portal) == (5, portal.tree.root())
    assert centre.wait("RECEIPT").endswith("size=5 lines=5")


def test_gzip_is_taken(centre: Centre, portal: Portal) -> None:
    portal.write_many(3)
    assert centre.receipt(portal, centre.post(portal, gzip.compress(portal.batch()), Content_Encoding="gzip"))


def test_the_same_batch_twice_gives_the_same_receipt(centre: Centre, portal: Portal) -> None:
    portal.write_many(3)
    first = centre.post(portal, portal.batch())
    centre.clock.now_s += 100
    assert centre.post(portal, portal.batch()).body == first.body
    assert len(centre.kept("SELECT * FROM receipt")) == 1


def test_an_overlapping_batch_adds_only_the_rest(centre: Centre, portal: Portal) -> None:
    portal.write_many(9)
    centre.post(portal, portal.batch(0, 5))
    assert centre.receipt(portal, centre.post(portal, portal.batch(2, 9))).checkpoint.size == 9
    assert centre.root(portal) == (9, portal.tree.root())


def test_an_old_batch_is_answered_with_the_newest_receipt(centre: Centre, portal: Portal) -> None:
    portal.write_many(9)
    centre.post(portal, portal.batch(0, 9))
    got = centre.post(portal, portal.batch(0, 4))
    assert got.body.startswith(portal.origin.encode())
    assert centre.receipt(portal, got).checkpoint.size == 9


def test_a_batch_that_begins_later_is_answered_409(centre: Centre, portal: Portal) -> None:
    portal.write_many(9)
    got = centre.post(portal, portal.batch(4, 9))
    assert (got.status, got.body) == (409, b"")
    centre.post(portal, portal.batch(0, 3))
    got = centre.post(portal, portal.batch(4, 9))
    assert got.status == 409
    assert notes.open_receipt(got.body, portal.log_key, centre.key).checkpoint.size == 3


def test_no_lines_and_a_checkpoint_ask_for_a_receipt(centre: Centre, portal: Portal) -> None:
    portal.write_many(6)
    assert centre.post(portal, portal.batch(6, 6)).status == 409
    centre.post(portal, portal.batch(0, 6))
    assert centre.receipt(portal, centre.post(portal, portal.batch(6, 6))).checkpoint.size == 6
    assert centre.receipt(portal, centre.post(portal, portal.batch(2, 2))).checkpoint.size == 6


def test_a_cosignature_sent_along_is_not_handed_back(centre: Centre, portal: Portal) -> None:
    portal.write_many(2)
    first = centre.post(portal, portal.batch())
    portal.write()
    centre.post(portal, portal.batch(2, 3) + first.body)       # a stale line of ours under the portal's signature
    got = centre.ask(portal.certificate, "GET", f"/v1/logs/{portal.id}/checkpoint")
    assert notes.open_receipt(got.body, portal.log_key, centre.key).checkpoint.size == 3


def test_odd_bodies_are_stored_receipted_and_marked(centre: Centre, portal: Portal) -> None:
    portal.write("boot")
    portal.write("sonar", depth_m=3)
    portal.write("alarm", lane=["\x1b[2J"], radiation={"a": 1}, statistic="x y", rule=None, t="noon", at=7)
    portal.write("heartbeat", period_s="often", tree={"size": 2, "root": "nonsense"})
    portal.write("occupancy", series="x" * (LINE_MAX // 2))
    assert centre.receipt(portal, centre.post(portal, portal.batch())).checkpoint.size == 5
    said = centre.announced()
    assert all(line.isprintable() for line in said)
    assert [line for line in said if line.startswith("ALARM") and "rule=?" in line]
    assert [line for line in said if line.endswith("seq=1 kind=sonar unknown kind sonar")]
    assert [line for line in said if "seq=3 kind=heartbeat the heartbeat names a tree that is not" in line]
    assert {1, 3} <= {row[0] for row in centre.kept("SELECT seq FROM line WHERE mark IS NOT NULL")}


@pytest.mark.parametrize("count", [1, 1000])
def test_a_batch_of_any_size(centre: Centre, portal: Portal, count: int) -> None:
    portal.write_many(count)
    assert centre.receipt(portal, centre.post(portal, portal.batch())).checkpoint.size == count


def test_the_example_of_the_wire_page_is_of_the_vectors() -> None:
    page = (VECTORS.parent.parent / "docs" / "wire-format.md").read_text()
    vectors = "".join((VECTORS / name).read_text() for name in ("checkpoint.txt", "post-entries.txt"))
    signed = [line.strip() for line in page.splitlines() if line.startswith("    — ")]
    lines = [line.split("…")[0].strip() for line in page.splitlines() if line.startswith("    eyJ")]
    assert len(signed) == len(lines) == 2 and all(text in vectors for text in signed + lines)
    assert hashlib.sha256(b"rpm.example.gov/portal/QX-0042").hexdigest() in page
