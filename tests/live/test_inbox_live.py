"""A handheld's document, from a directory to the centre: the record and the document itself, once, over a killed core."""

from __future__ import annotations

import hashlib
from typing import Any

from edge_agent.tools import jws
from tests.evidence.test_schemas import VALIDATORS
from tests.formats.documents import of_2006, of_2012

from .post import Post, wait_for


def test_documents_of_handhelds_are_at_the_centre_once(post: Post) -> None:
    inbox = post.where / "inbox"
    inbox.mkdir()
    post.make_centre()
    post.start_centre()
    post.portal("1", "--scene", "quiet")
    post.configure()
    post.config.write_text(post.config.read_text() + f'[[inbox]]\ndirectory = "{inbox}"\nlane = "1"\n')
    post.enrol()
    post.start_core()
    post.start_uplink()
    (inbox / "first.n42").write_bytes(of_2012())
    wait_for(lambda: list(inbox.glob("kept/*")), 30, "the first one's record")
    (inbox / "second.n42").write_bytes(of_2006())
    (inbox / "none.n42").write_bytes(b"not a document")
    post.kill("core")
    post.start_core()
    wait_for(lambda: len([*inbox.glob("kept/*")]) == 2, 40, "the second one's record")
    wait_for(lambda: (inbox / "refused/none.n42.reason.txt").exists(), 60, "the third refused")
    for data in (of_2012(), of_2006()):
        there = post.where / "centre/blobs" / hashlib.sha256(data).hexdigest()
        wait_for(there.exists, 40, "the document at the centre")
        assert there.read_bytes() == data
    records: list[dict[str, Any]] = []
    for line in (post.ask("lines", **{"from": 0}) or {})["lines"]:
        part = jws.take_apart(line.encode())
        if part.kind == "instrument":
            assert not list(VALIDATORS["instrument"].iter_errors(part.payload))
            records.append(part.payload)
    assert [record["instrument"]["model"] for record in records] == ["R400", "IdentiFINDER"]
    assert "inbox-refused" in post.status()["faults"]
