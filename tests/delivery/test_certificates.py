"""Certificates that end: seen ahead, renewed without a gap, and never a reason for an alarm not to arrive."""

from __future__ import annotations

import datetime
import random
from datetime import UTC, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from edge_agent.center import registry, store
from edge_agent.doors.own_certificates import OwnCertificates
from edge_agent.house import enrolment as house
from edge_agent.paths.certificates import OURS, CertificateWatch, told
from edge_agent.tools import certificate_end
from edge_agent.words.errors import SettingsError
from tests.center.bench import Centre, until
from tests.center.portal import Certificate, Portal
from tests.evidence.bench import ORIGIN
from tests.live.post import Post, wait_for

from .bench import certificate

NOW = datetime.datetime(2026, 11, 25, tzinfo=UTC)


def made(end: datetime.datetime) -> str:
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "x")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(end - timedelta(days=1)).not_valid_after(end)
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


@pytest.mark.parametrize("year", [1951, 1999, 2026, 2049, 2050, 2199, 9999])
def test_the_end_is_the_one_the_library_reads(year: int) -> None:
    end = datetime.datetime(year, 12, 31, 23, 59, 59, tzinfo=UTC)
    assert certificate_end.ends(made(end)) == end
    assert certificate_end.ends("words before\n" + made(NOW).replace("\n", "\r\n") + made(end)) == max(end, NOW)


def test_what_is_no_certificate_has_no_end() -> None:
    dice, pem = random.Random(3), made(NOW)
    for text in ("", "nonsense", pem[:200], "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"):
        assert certificate_end.ends(text) is None
    for _ in range(2000):                       # bent ones read or do not, and never raise
        bent = bytearray(pem.encode())
        for _ in range(dice.randrange(1, 4)):
            bent[dice.randrange(28, len(bent) - 26)] = dice.choice(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefz0123456789+/=\n")
        certificate_end.ends(bytes(bent).decode())


@pytest.mark.parametrize("days, words", [(100, ""), (59, "ends on 2027-01-23: edge-agent enrol"), (-1, "has ended on")])
def test_two_months_ahead_it_says_what_to_do(days: int, words: str) -> None:
    found = told({OURS: made(NOW + timedelta(days=days))}, NOW.timestamp())
    assert words in found and bool(found) == bool(words)


def test_a_file_that_was_replaced_is_looked_at_at_once(tmp_path: Path) -> None:
    said: list[object] = []

    class Core:
        def ask(self, op: str, **values: object) -> None:
            said.append(values["why"])

    ours, theirs = certificate(tmp_path, "a", ends=10), certificate(tmp_path, "b")
    watch = CertificateWatch(ours, theirs)
    watch.look(Core(), NOW.timestamp(), 0)
    watch.look(Core(), NOW.timestamp(), 10)
    certificate(tmp_path, "a", ends=1000)
    watch.look(Core(), NOW.timestamp(), 20)
    assert len(said) == 2 and OURS in str(said[0]) and said[1] == ""


def test_a_renewed_certificate_is_one_for_every_log_of_the_portal_and_the_old_can_be_taken(
    centre: Centre, portal: Portal, tmp_path: Path,
) -> None:
    from tests.center.test_doorstep import continuation
    second = Portal(portal.certificate, f"{portal.origin}/2")
    assert continuation(centre, second).status == 201
    old, new = portal.certificate, Certificate(tmp_path, "portal")
    second.certificate = new
    assert centre.enrol(second.enrolment()).new == "certificate"
    until(lambda: centre.ask(new, "GET", f"/v1/logs/{portal.id}/checkpoint").status == 404)     # TLS looks once a second
    portal.write_many(1)
    for who, status in ((new, 200), (old, 200)):
        assert centre.ask(who, "POST", f"/v1/logs/{portal.id}/entries", portal.batch()).status == status
    with store.opened(centre.path) as db:
        assert registry.revoke(db, portal.origin, newest_too=False) == 2
        assert registry.revoke(db, second.origin, newest_too=False) == 0
    assert centre.ask(new, "POST", f"/v1/logs/{portal.id}/entries", portal.batch()).status == 200
    assert centre.ask(old, "POST", f"/v1/logs/{portal.id}/entries", portal.batch()).status == 403


@pytest.mark.slow
def test_over_a_broker_it_is_the_broker_whose_authority_ends(tmp_path: Path) -> None:
    ours, theirs = certificate(tmp_path, "ours"), certificate(tmp_path, "theirs", ends=-1)
    said: list[str] = []

    class Core:
        def ask(self, op: str, **values: object) -> None:
            said.append(str(values["why"]))

    CertificateWatch(ours, theirs, "mqtts://broker.example").look(Core(), NOW.timestamp(), 0.0)
    assert "the broker's certificate authority" in said[0] and "whoever runs the broker" in said[0]
    assert "the centre" not in said[0]


def test_a_certificate_that_has_ended_is_renewed_without_a_gap(live: Post) -> None:
    live.make_centre()
    live.start_centre()
    live.lanes.append('[[lane]]\nname = "1"\ndriver = "rapiscan"\nlink = { kind = "tcp", host = "127.0.0.1", port = 9 }\n')
    live.configure(heartbeat_s=1)
    live.command("enrol", "--config", live.config, "--out", live.where / "first.json")
    ended = certificate(live.where, "ended", ends=-1)
    for kind in ("crt", "key"):
        (live.where / f"state/uplink/tls.{kind}").write_bytes(ended.with_suffix(f".{kind}").read_bytes())
    live.enrol()
    live.start_core()
    live.start_uplink()
    wait_for(lambda: live.status()["log"]["receipted"] > 0, 20, "a registered certificate serves until it is revoked")
    wait_for(lambda: "has ended on" in live.status()["fault_details"].get("certificate-ends", ""), 20, "the fault")
    live.command("enrol", "--renew-tls", "--config", live.config, "--out", live.where / "renewed.json")
    wait_for(lambda: "certificate-ends" not in live.status()["faults"], 30, "the end of the fault")
    live.kill("centre", 15)
    live.start_centre()                         # the centre does not know the new one yet
    before = live.status()["log"]["size"]
    wait_for(lambda: live.status()["log"]["receipted"] > before, 30, "delivery with the certificate before")
    assert "does not take tls.crt; next tls-1.crt" in live.log("uplink")
    live.admit(live.where / "renewed.json")
    time_of_revocation = live.status()["log"]["size"]
    live.command("center", "revoke", live.where / "centre", "test.example/portal/T-1")
    wait_for(lambda: live.status()["log"]["receipted"] > time_of_revocation, 30, "delivery with the new one")


@pytest.mark.parametrize("name", ["tls.key", "tls.crt"])
@pytest.mark.parametrize("data", [None, b"", b"junk"])
def test_the_remedy_for_a_damaged_pair_mends_it(tmp_path: Path, name: str, data: bytes | None) -> None:
    """Found by attack: "Make both: edge-agent enrol" made neither, and a damaged certificate was a traceback."""
    house.enrol(tmp_path / "state", ORIGIN)
    file, ca = tmp_path / "state/uplink" / name, certificate(tmp_path, "centre.test")
    file.unlink() if data is None else file.write_bytes(data)
    pair = (tmp_path / "state/uplink/tls.crt", tmp_path / "state/uplink/tls.key")
    with pytest.raises(SettingsError, match="enrol --renew-tls --out FILE"):
        OwnCertificates(ca, *pair)
    house.fingerprint(house.renew_tls(tmp_path / "state", ORIGIN))
    own = OwnCertificates(ca, *pair)
    own.refused()                               # the centre does not know it yet, and what was before serves nobody
    own.context()
    assert own.files == pair


def test_a_damaged_certificate_is_not_carried_to_the_centre(tmp_path: Path) -> None:
    house.enrol(tmp_path / "state", ORIGIN)
    (tmp_path / "state/uplink/tls.crt").write_text("junk")
    with pytest.raises(SettingsError, match="enrol --renew-tls --out FILE"):
        house.fingerprint(house.enrol(tmp_path / "state", ORIGIN))
