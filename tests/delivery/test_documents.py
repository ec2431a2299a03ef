"""Documents on their way to a real centre: after the records, in pieces, whole or not at all; and a centre that is none."""

from __future__ import annotations

import asyncio
import hashlib
from base64 import b64decode, b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_agent.center import blobs
from edge_agent.commands import main
from edge_agent.house.identity import logs_of
from edge_agent.house.salvage import open_log
from edge_agent.paths.attachments import Attachments
from edge_agent.paths.documents import STANDSTILL_MAX
from edge_agent.tools import ed25519
from edge_agent.tools.piece import PIECE_MAX, Piece
from edge_agent.words.blob import confirmation_text
from edge_agent.words.delivery import Reply
from edge_agent.words.errors import EvidenceError, PeerError
from tests.center.bench import Centre, Got
from tests.center.portal import Certificate, Portal
from tests.evidence.bench import StillClock, T
from tests.live.post import Post as Live
from tests.live.post import wait_for

from .bench import KEY, SEED, Post

DOCUMENT = bytes(range(256)) * 2000
NAME = hashlib.sha256(DOCUMENT).hexdigest()
STEP = 200_000


def named(portal: Portal, data: bytes = DOCUMENT) -> str:
    name = hashlib.sha256(data).hexdigest()
    portal.write("instrument", blob={"sha256": name, "len": len(data), "type": "text/xml"})
    return name


def put(centre: Centre, portal: Portal, piece: Piece) -> Got:
    headers = {"Content_Range": piece.range()}
    return centre.ask(portal.certificate, "PUT", f"/v1/blobs/{piece.sha256}", piece.data, **headers)


def pieces(data: bytes = DOCUMENT, begin: int = 0, name: str = NAME) -> list[Piece]:
    return [Piece(name, at, len(data), data[at : at + STEP]) for at in range(begin, len(data), STEP)]


def sent(centre: Centre, portal: Portal) -> None:
    assert centre.post(portal, portal.batch()).status == 200


def holds(centre: Centre, got: Got, length: int = len(DOCUMENT), name: str = NAME) -> bool:
    return got.status == 200 and ed25519.verifies(centre.key.key, confirmation_text(name, length), b64decode(got.body))


def test_pieces_make_the_document_and_the_signature_comes_with_the_last(centre: Centre, portal: Portal) -> None:
    named(portal)
    sent(centre, portal)
    answers = [put(centre, portal, piece) for piece in pieces()]
    assert [answer.status for answer in answers] == [202, 202, 200]
    assert answers[0].body == b'{"held":%d}\n' % STEP
    assert holds(centre, answers[-1])
    assert blobs.path_of(centre.path, NAME).read_bytes() == DOCUMENT
    assert holds(centre, put(centre, portal, pieces()[0])), "again: it is there, and is confirmed again"


def test_a_document_comes_after_the_record_that_names_it(centre: Centre, portal: Portal) -> None:
    named(portal)
    assert put(centre, portal, pieces()[0]).status == 404
    sent(centre, portal)
    other = Piece(NAME, 0, len(DOCUMENT) + 1, DOCUMENT[:10])
    assert put(centre, portal, other).status == 404, "the record says another length"
    assert put(centre, portal, pieces()[0]).status == 202


def test_a_piece_out_of_place_is_told_how_far_it_is(centre: Centre, portal: Portal) -> None:
    named(portal)
    sent(centre, portal)
    for piece, held in ((pieces()[1], 0), (Piece(NAME, 0, len(DOCUMENT), b""), 0)):
        answer = put(centre, portal, piece)
        assert (answer.status, answer.body) == (409, b'{"held":%d}\n' % held)
    put(centre, portal, pieces()[0])
    assert put(centre, portal, pieces()[0]).body == b'{"held":%d}\n' % STEP


def test_bytes_of_another_hash_are_thrown_away_and_the_right_ones_taken(centre: Centre, portal: Portal) -> None:
    named(portal)
    sent(centre, portal)
    wrong = DOCUMENT[:-1] + b"?"
    assert [put(centre, portal, piece).status for piece in pieces(wrong)] == [202, 202, 422]
    assert not list((centre.path / blobs.DIRECTORY).iterdir())
    assert holds(centre, [put(centre, portal, piece) for piece in pieces()][-1])


def test_what_is_no_piece_is_refused_in_words(centre: Centre, portal: Portal) -> None:
    named(portal)
    sent(centre, portal)
    for text in ("bytes 0-9/10", "bytes 5-3/9", "lines 0-3/4", "bytes 0-4/99999999999", "bytes 0-4/4"):
        got = centre.ask(portal.certificate, "PUT", f"/v1/blobs/{NAME}", b"12345", Content_Range=text)
        assert got.status == 400 and len(got.body.splitlines()) == 1
    assert centre.ask(portal.certificate, "PUT", f"/v1/blobs/{NAME}", bytes(PIECE_MAX + 1)).status == 413


def test_another_portals_certificate_brings_and_learns_nothing(centre: Centre, portal: Portal, tmp_path: Path) -> None:
    named(portal)
    sent(centre, portal)
    other = centre.enrolled(Portal(Certificate(tmp_path, "other"), "rpm.example.gov/portal/OTHER"))
    assert put(centre, other, pieces()[0]).status == 404


def test_a_small_or_empty_document_needs_no_range(centre: Centre, portal: Portal) -> None:
    for data in (b"", b"small"):
        name = named(portal, data)
        sent(centre, portal)
        got = centre.ask(portal.certificate, "PUT", f"/v1/blobs/{name}", data)
        assert holds(centre, got, len(data), name)


def test_a_document_that_is_here_is_so_for_every_record_that_names_it(centre: Centre, portal: Portal) -> None:
    named(portal)
    sent(centre, portal)
    for piece in pieces():
        put(centre, portal, piece)
    named(portal)
    assert centre.post(portal, portal.batch(1)).status == 200
    assert centre.kept("SELECT count(*) FROM blob WHERE stored_ms IS NOT NULL") == [(2,)]


def test_documents_are_shown_exported_and_checked(
    centre: Centre, portal: Portal, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    named(portal)
    named(portal, b"never sent")
    sent(centre, portal)
    for piece in pieces():
        put(centre, portal, piece)
    where = str(centre.path)
    assert main(["center", "status", where]) == 0
    assert "documents named 2, not here yet 1" in capsys.readouterr().out
    out = tmp_path / "out"
    assert main(["center", "export", where, portal.origin, "--out", str(tmp_path / "log"), "--blobs", str(out)]) == 0
    assert [path.name for path in out.iterdir()] == [NAME] and (out / NAME).read_bytes() == DOCUMENT
    assert "is not here: not sent yet" in capsys.readouterr().out
    assert main(["center", "verify", where]) == 0
    blobs.path_of(centre.path, NAME).write_bytes(DOCUMENT[1:])
    assert main(["center", "verify", where]) == EvidenceError.exit_code
    assert "is not what it was" in capsys.readouterr().out


# --- the uplink

class Mock:
    """A centre by its answers to documents: what was asked, in order; records it takes."""

    def __init__(self, post: Post, *answers: Reply | None) -> None:
        self.post, self.answers, self.asked, self.got = post, list(answers), list[tuple[int, int]](), b""

    def entries(self, origin: str, lines: list[str], checkpoint: str) -> Reply:
        return Reply(200, self.post.cosigned(int(checkpoint.split("\n")[1])), None)

    def blob(self, piece: Piece) -> Reply:
        self.asked.append((piece.begin, len(piece.data)))
        if self.answers:
            if (answer := self.answers.pop(0)) is None:
                raise PeerError("the link broke")
            return answer
        if piece.begin != len(self.got):
            return Reply(409, b'{"held":%d}' % len(self.got), None)
        self.got += piece.data
        if len(self.got) < piece.total:
            return Reply(202, b'{"held":%d}' % len(self.got), None)
        return Reply(200, b64encode(ed25519.sign(SEED, confirmation_text(piece.sha256, piece.total))) + b"\n", None)


@pytest.fixture
def named_here(tmp_path: Path) -> Iterator[Post]:
    """A post whose one record names the document."""
    made = Post(tmp_path, [])
    kept = Attachments(tmp_path, [made.ledger], StillClock(), made._report)
    name = made.run(kept.keep(DOCUMENT, "text/xml"))
    made.run(made.ledger.append([("instrument", {"blob": {"sha256": name, "len": len(DOCUMENT), "type": "text/xml"}})], T))
    made.outbox._centre_lost = kept.send_again
    for op, ask in kept.asks(KEY).items():
        setattr(made.outbox, op, ask)
    yield made
    made.close()


def steps(post: Post, centre: Mock, most: int = 100) -> int:
    """Exchanges until there is nothing to do; those a broken link cost are tried again."""
    moved = post.forwarder(centre)
    for number in range(most):
        try:
            if not moved.step():
                return number
        except PeerError:
            continue
    return most


def test_a_document_goes_after_its_record_and_once(named_here: Post) -> None:
    centre = Mock(named_here)
    assert steps(named_here, centre) < 100
    assert centre.got == DOCUMENT
    assert steps(named_here, centre) == 0, "it is confirmed: nothing goes again, also after a restart"


def test_a_centre_that_came_back_from_an_older_copy_gets_it_again_while_it_is_here(named_here: Post) -> None:
    steps(named_here, Mock(named_here))
    restored = Mock(named_here)
    named_here.ask("behind", log=named_here.ledger.origin)
    assert steps(named_here, restored) < 100
    assert restored.got == DOCUMENT
    (named_here.where / "blobs" / NAME).unlink()
    named_here.ask("behind", log=named_here.ledger.origin)
    assert steps(named_here, restored) == 0
    assert not named_here.reports.get("blob-damaged"), "delivered and deleted is not damage"


def test_a_link_that_breaks_costs_one_piece(named_here: Post) -> None:
    taken = len(DOCUMENT) // 2
    centre = Mock(named_here, None, None)
    centre.got = DOCUMENT[:taken]           # what came before the uplink was restarted
    assert steps(named_here, centre) < 100
    assert centre.got == DOCUMENT
    assert sum(count for begin, count in centre.asked if begin < taken) <= 4 * 8192, "what is there does not go again"


@pytest.mark.parametrize("answer", [
    Reply(404, b"no record names this document\n", None), Reply(405, b"", None), Reply(422, b"another SHA-256\n", None),
    Reply(202, b"hello", None), Reply(409, b'{"held":99999999}', None), Reply(200, b"ok\n", None),
    Reply(200, b64encode(ed25519.sign(bytes(32), confirmation_text(NAME, len(DOCUMENT)))), None),
])
def test_a_centre_that_does_not_take_it_stops_no_record_and_is_told(named_here: Post, answer: Reply) -> None:
    centre = Mock(named_here, *[answer] * 50)
    assert steps(named_here, centre) < 20
    assert len(centre.asked) <= 2
    assert named_here.receipted == 1
    assert answer.status == 200 or NAME in named_here.reports["blob-refused"]


def test_answers_that_bring_it_no_further_end(named_here: Post) -> None:
    centre = Mock(named_here, *[Reply(409, b'{"held":0}', None)] * 50)
    assert steps(named_here, centre) < 20
    assert len(centre.asked) == STANDSTILL_MAX + 1


def test_a_way_that_carries_no_document_is_left_to_the_records(named_here: Post) -> None:
    """An access list of a broker without the topic: every try failed, and the link was said to be down for ever."""
    centre = Mock(named_here, *[None] * 50)
    assert steps(named_here, centre) < 20
    assert len(centre.asked) == STANDSTILL_MAX + 1
    assert "the link broke" in named_here.reports["blob-refused"]


def test_an_alarm_waits_for_one_piece_at_most(named_here: Post) -> None:
    centre = Mock(named_here)
    moved = named_here.forwarder(centre)
    moved.step()
    moved.step()
    named_here.run(named_here.ledger.append([("alarm", {})], T))
    receipted = named_here.receipted
    moved.step()
    assert named_here.receipted == receipted + 1
    assert len(centre.got) < len(DOCUMENT)


def test_a_document_reaches_the_centre_through_real_processes(live: Live) -> None:
    live.make_centre()
    live.start_centre()
    live.lanes.append('[[lane]]\nname = "1"\ndriver = "rapiscan"\nlink = { kind = "tcp", host = "127.0.0.1", port = 9 }\n')
    live.configure(heartbeat_s=1)
    live.enrol()
    state = live.where / "state"

    async def write() -> None:
        ledger = await open_log(logs_of(state)[-1])
        kept = Attachments(state, [ledger], StillClock(), lambda *told: None)
        name = await kept.keep(DOCUMENT, "text/xml")
        await ledger.append([("instrument", {"blob": {"sha256": name, "len": len(DOCUMENT), "type": "text/xml"}})], T)
        await ledger.close()

    asyncio.run(write())
    live.start_core()
    live.start_uplink()
    there = live.where / "centre/blobs" / NAME
    wait_for(there.exists, 60, "the document is at the centre")
    assert there.read_bytes() == DOCUMENT
    assert "blob-refused" not in live.status()["faults"]
