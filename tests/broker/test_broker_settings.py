"""Every mistake in what a person writes for a broker is named with file, key and remedy, before anything is sent."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge_agent.center import broker_settings, tls
from edge_agent.house.configuration import load
from edge_agent.house.way_up import way_up
from edge_agent.tools import ed25519, notes
from edge_agent.words.errors import SettingsError
from tests.center.portal import Certificate
from tests.evidence.test_schemas import CONFIGURATION

CENTRE = notes.VerifierKey("test.example/centre", notes.COSIGNER_KEY, ed25519.SoftKey(bytes(range(32))).public)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A good configuration with a broker."""
    own = Certificate(tmp_path)
    (tmp_path / "ca.pem").write_bytes(tls.make_certificate(["127.0.0.1"])[1])
    path = tmp_path / "edge-agent.toml"
    path.write_text(CONFIGURATION.format(here=tmp_path) + (
        f'[centre]\nurl = "mqtts://127.0.0.1:8883"\nvkey = "{CENTRE.text()}"\nca = "ca.pem"\n'
        f'cert = "{own.file}"\ncert_key = "{own.file}"\ncredentials = "login"\n'
    ))
    _login(path, "portal:secret\n")
    return path


def _login(file: Path, text: str, mode: int = 0o640) -> Path:
    path = file.parent / "login"
    path.write_text(text)
    path.chmod(mode)
    return path


def refusal(file: Path) -> str:
    with pytest.raises(SettingsError) as caught:
        way_up(load(file))
    return str(caught.value)


def test_the_way_up_is_the_one_of_the_url(file: Path) -> None:
    assert type(way_up(load(file))).__name__ == "Broker"
    file.write_text(file.read_text().replace("mqtts:", "https:").replace('credentials = "login"', ""))
    assert type(way_up(load(file))).__name__ == "Centre"


@pytest.mark.parametrize(("text", "mode", "told"), [
    ("portal:secret", 0o644, "every account can read"), ("portal", 0o640, "one line of the form user:password"),
    ("portal:", 0o640, "one line"), (":secret", 0o640, "one line"), ("a:b\nc:d", 0o640, "one line"),
])
def test_a_credentials_file_that_cannot_serve(file: Path, text: str, mode: int, told: str) -> None:
    path = _login(file, text, mode)
    said = refusal(file)
    assert f"{file}: centre.credentials" in said and str(path) in said and told in said and "secret" not in said


def test_a_credentials_file_that_is_missing_is_named(file: Path) -> None:
    (file.parent / "login").unlink()
    assert "centre.credentials" in refusal(file) and "does not exist" in refusal(file)


def test_a_password_belongs_in_no_url_and_a_login_to_no_https(file: Path) -> None:
    good = file.read_text()
    file.write_text(good.replace("mqtts://", "mqtts://portal:secret@"))
    assert "centre.url" in refusal(file) and "secret" not in refusal(file)
    file.write_text(good.replace("mqtts://", "mqtt://"))
    assert "centre.url" in refusal(file)
    file.write_text(good.replace("mqtts://", "https://"))
    assert "centre.credentials" in refusal(file) and "take the key out" in refusal(file)


def test_a_tls_key_that_cannot_sign_is_named(file: Path) -> None:
    (file.parent / "half.pem").write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    file.write_text(file.read_text().replace("cert_key = ", f'cert_key = "{file.parent}/half.pem"\n# '))
    assert "half.pem" in refusal(file) and "edge-agent enrol" in refusal(file)


def test_without_the_package_the_remedy_is_told(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert "pip install 'edge-agent[mqtt]'" in refusal(file)


@pytest.mark.parametrize(("old", "new", "told"), [
    ("credentials", "credential", "did you mean credentials?"), ("mqtts://", "https://", "url = 'https://"),
    ('ca = "', 'ca = "no-', "Each names a PEM file"), ('"login"', '"none"', "cannot read"),
])
def test_the_file_of_a_centre_is_checked_as_well(tmp_path: Path, old: str, new: str, told: str) -> None:
    (tmp_path / "ca.pem").write_bytes(tls.make_certificate(["127.0.0.1"])[1])
    file = tmp_path / "broker.toml"
    _login(file, "centre:secret")
    good = 'url = "mqtts://b.example"\nca = "ca.pem"\ncredentials = "login"\n'
    file.write_text(good)
    broker = broker_settings.load(file)
    assert (broker.host, broker.port, broker.login) == ("b.example", 8883, ("centre", "secret"))
    assert "secret" not in repr(broker)
    file.write_text(good.replace(old, new))
    with pytest.raises(SettingsError) as caught:
        broker_settings.load(file)
    assert told in str(caught.value)
