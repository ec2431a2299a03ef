"""Who is let in: mutual TLS, pinned certificates, continuation logs; and how much a client may send."""

from __future__ import annotations

import gzip
import http.client
import json
import ssl
from pathlib import Path
from typing import Any

import pytest

from edge_agent.center import enrolment, registry, store
from edge_agent.tools.fingerprint import of_enrolment
from edge_agent.words.errors import EvidenceError
from edge_agent.words.record import BATCH_BYTES_MAX, BATCH_LINES_MAX

from .bench import Centre, Got, until
from .portal import Certificate, Portal, body_of


def test_no_client_certificate_no_http(centre: Centre) -> None:
    context = ssl.create_default_context(cadata=centre.pem)
    client = http.client.HTTPSConnection("127.0.0.1", centre.port, context=context, timeout=20)
    with pytest.raises(OSError):
        client.request("GET", "/")
        client.getresponse()
    client.close()


def test_an_unregistered_certificate_is_turned_away_by_tls(centre: Centre, portal: Portal, tmp_path: Path) -> None:
    with pytest.raises(OSError):
        centre.ask(Certificate(tmp_path, "portal"), "GET", f"/v1/logs/{portal.id}/checkpoint")


def test_a_certificate_issued_by_a_registered_one_is_no_member(centre: Centre, portal: Portal, tmp_path: Path) -> None:
    """TLS lets it pass, the pin does not."""
    child = Certificate(tmp_path, "child", issuer=portal.certificate)
    for method, path in (("POST", "entries"), ("POST", "express"), ("GET", "checkpoint")):
        assert centre.ask(child, method, f"/v1/logs/{portal.id}/{path}", b"x").status == 403


def test_a_certificate_of_another_log_is_refused_and_raised(centre: Centre, portal: Portal, tmp_path: Path) -> None:
    other = centre.enrolled(Portal(Certificate(tmp_path, "portal"), "rpm.example.gov/portal/T-2"))
    portal.write_many(1)
    assert centre.ask(other.certificate, "POST", f"/v1/logs/{portal.id}/entries", portal.batch()).status == 403
    assert "certificate of another log" in centre.wait("REFUSED")
    assert centre.ask(other.certificate, "GET", f"/v1/logs/{portal.id}/checkpoint").status == 404   # others may compare


def test_a_certificate_issued_by_a_stranger_can_be_registered(centre: Centre, tmp_path: Path) -> None:
    issued = Certificate(tmp_path, "portal", issuer=Certificate(tmp_path, "ministry"))
    portal = centre.enrolled(Portal(issued, "rpm.example.gov/portal/T-3")).write_many(1)
    assert centre.receipt(portal, centre.post(portal, portal.batch()))


def test_unknown_log_and_unknown_path(centre: Centre, portal: Portal) -> None:
    unknown = f"/v1/logs/{'0' * 64}"
    for method, path in (
        ("POST", f"{unknown}/entries"), ("POST", f"{unknown}/express"), ("GET", f"{unknown}/checkpoint"),
        ("GET", "/"), ("PUT", "/v1/blobs/" + "0" * 64), ("GET", f"/v1/logs/{portal.id.upper()}/checkpoint"),
    ):
        got = centre.ask(portal.certificate, method, path, b"x", Accept="text/html")
        assert got.status == 404 and got.body.count(b"\n") == 1, (path, got)
    assert centre.ask(portal.certificate, "DELETE", f"/v1/logs/{portal.id}").status == 405


def test_a_certificate_can_be_renewed_and_keys_cannot_change(centre: Centre, portal: Portal, tmp_path: Path) -> None:
    portal.write_many(2)
    assert centre.enrol(portal.enrolment()).new == "nothing"
    old, portal.certificate = portal.certificate, Certificate(tmp_path, "portal")
    assert centre.enrol(portal.enrolment()).new == "certificate"
    until(lambda: centre.post(portal, portal.batch()).status == 200)
    stranger = Portal(old, portal.origin, seed=4)
    with pytest.raises(EvidenceError, match="other keys"):
        centre.enrol(stranger.enrolment())


@pytest.mark.parametrize("change", [
    {"v": 2}, {"origin": "no path"}, {"origin": "rpm.example.gov/portal/T-9"}, {"record_key": None},
    {"record_key": {"kty": "OKP"}}, {"log_key": "x"}, {"tls_cert": "x"}, {"tls_cert": None},
    {"tls_cert": "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"},
])
def test_an_enrolment_of_another_form(centre: Centre, tmp_path: Path, change: dict[str, Any]) -> None:
    with pytest.raises(EvidenceError):
        centre.enrol(Portal(Certificate(tmp_path)).enrolment(**change))
    assert not centre.kept("SELECT * FROM log")


def test_the_fingerprint_is_the_one_the_portal_shows(centre: Centre, tmp_path: Path) -> None:
    portal = Portal(Certificate(tmp_path))
    wanted = enrolment.read(json.dumps(portal.enrolment()).encode(), certificate=True)
    digits = of_enrolment(portal.origin, wanted.record_key, portal.log_key.text(), portal.certificate.der)
    assert centre.enrol(portal.enrolment()).fingerprint == digits


def continuation(centre: Centre, portal: Portal, who: Certificate | None = None, **change: Any) -> Got:
    body = {name: value for name, value in portal.enrolment().items() if name != "tls_cert"} | change
    return centre.ask(who or portal.certificate, "PUT", f"/v1/logs/{portal.id}", json.dumps(body).encode())


def test_a_continuation_log_is_taken_at_once_and_confirmed_later(centre: Centre, portal: Portal) -> None:
    second = Portal(portal.certificate, f"{portal.origin}/2")
    assert continuation(centre, second).status == 201
    assert "unconfirmed" in centre.wait("CONTINUATION")
    assert continuation(centre, second).status == 200
    second.write("recovery", old=portal.origin)
    assert centre.receipt(second, centre.post(second, second.batch()))
    other_keys = Portal(portal.certificate, second.origin, seed=3)
    assert continuation(centre, other_keys).status == 409
    assert "other keys" in centre.wait("REFUSED")
    db = store.open_store(centre.path)
    assert registry.confirm(db, second.origin, 0).new == "log"
    assert registry.confirm(db, second.origin, 0).new == "nothing"
    db.close()


@pytest.mark.parametrize("origin", [
    "{}", "{}/1", "{}/02", "{}/x", "{}/2/2", "{}/1000", "rpm.example.gov/portal/other/2",
])
def test_only_a_continuation_of_its_own_log(centre: Centre, portal: Portal, origin: str) -> None:
    wanted = Portal(portal.certificate, origin.format(portal.origin), seed=1)
    assert continuation(centre, wanted).status == (409 if origin == "{}" else 403)


def test_a_portal_enrolled_as_its_second_log_can_begin_a_third(centre: Centre, tmp_path: Path) -> None:
    second = centre.enrolled(Portal(Certificate(tmp_path), "rpm.example.gov/portal/T-5/2"))
    assert continuation(centre, Portal(second.certificate, "rpm.example.gov/portal/T-5/3")).status == 201


def test_a_continuation_by_another_portal_or_of_another_form(centre: Centre, portal: Portal, tmp_path: Path) -> None:
    other = centre.enrolled(Portal(Certificate(tmp_path), "rpm.example.gov/portal/T-2"))
    second = Portal(portal.certificate, f"{portal.origin}/2")
    assert continuation(centre, second, other.certificate).status == 403
    third = Portal(portal.certificate, f"{portal.origin}/3")
    for change in (
        {"log_key": "x"}, {"log_key": "a\nb\ud800+00000000+" + "AAAA" * 11}, {"record_key": {"\ud800": 1}}, {"v": 2},
        {"origin": third.origin, "log_key": third.log_key.text()},
    ):
        got = continuation(centre, second, **change)
        assert got.status == 400 and got.body.count(b"\n") == 1, change


def test_a_gzip_bomb_stays_small(centre: Centre, portal: Portal) -> None:
    bomb = gzip.compress(b"\0" * (200 * 1024 * 1024), 9)
    assert len(bomb) < 300_000
    assert centre.post(portal, bomb, Content_Encoding="gzip").status == 413


PACKED = gzip.compress(b"x\n\n", mtime=0)        # names of tests hold no time of day


@pytest.mark.parametrize("body", [b"", b"no gzip", PACKED[:-4], PACKED + b"more"])
def test_broken_gzip(centre: Centre, portal: Portal, body: bytes) -> None:
    assert centre.post(portal, body, Content_Encoding="gzip").status == 400


def test_other_codings_are_not_taken(centre: Centre, portal: Portal) -> None:
    assert centre.post(portal, b"x", Content_Encoding="deflate").status == 415


def test_too_many_bytes_or_lines(centre: Centre, portal: Portal) -> None:
    portal.write_many(1)
    note = portal.checkpoint()
    assert centre.post(portal, body_of([b"x"] * (BATCH_LINES_MAX + 1), note)).status == 413
    assert centre.post(portal, body_of([b"x" * BATCH_BYTES_MAX], note)).status == 413
    assert centre.express(portal, b" " * 300_000).status == 413


def test_a_header_that_promises_too_much_is_answered_unread(centre: Centre, portal: Portal) -> None:
    with centre.wire(portal) as client:
        client.sendall(head(portal, 99999999))
        assert client.recv(100).startswith(b"HTTP/1.1 413 ")


def test_who_a_client_is_comes_from_tls_alone(centre: Centre, portal: Portal, tmp_path: Path) -> None:
    other = centre.enrolled(Portal(Certificate(tmp_path), "rpm.example.gov/portal/T-2"))
    portal.write_many(1)
    pem = portal.certificate.pem.replace("\n", "%0A")
    path = f"/v1/logs/{portal.id}/entries"
    got = centre.ask(other.certificate, "POST", path, portal.batch(), X_SSL_Client_Cert=pem, X_Forwarded_For="::1")
    assert got.status == 403


@pytest.mark.parametrize("start", [b"", b"abc"])
def test_a_slow_client_is_dropped(
    centre: Centre, portal: Portal, monkeypatch: pytest.MonkeyPatch, start: bytes,
) -> None:
    monkeypatch.setattr("edge_agent.center.server.CHUNK_S", 0.05)
    with centre.wire(portal) as client:
        client.sendall(head(portal, 500) + start)
        assert client.recv(100).startswith(b"HTTP/1.1 408 ")


def head(portal: Portal, length: int) -> bytes:
    return f"POST /v1/logs/{portal.id}/entries HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n".encode()
