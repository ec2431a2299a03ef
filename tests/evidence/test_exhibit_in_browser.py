"""An exhibit, and the verifier's page, in a real browser from a file: the verdict is the verifier's, whatever the file tries."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .bench import VECTORS
from .browser import Browser
from .exhibit_bench import ALARM, JS, OCCUPANCY, Portal

DONE = "document.querySelector('#verdict ul') !== null"
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    opened = Browser(tmp_path_factory.mktemp("chromium") / "profile")
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Portal:
    return Portal(tmp_path_factory.mktemp("portal"))


def verdict(browser: Browser) -> tuple[str, str]:
    browser.wait(DONE)
    state, words = (browser.value(f"document.getElementById('verdict').{name}") for name in ("dataset.state", "textContent"))
    return state, words


def opened(browser: Browser, page: bytes, tmp_path: Path) -> tuple[str, str]:
    (tmp_path / "page.html").write_bytes(page)
    browser.open(tmp_path / "page.html")
    return verdict(browser)


def test_an_exhibit_checks_itself_offline(browser: Browser, portal: Portal) -> None:
    file = portal.export()
    browser.open(file)
    state, words = verdict(browser)
    assert state == "holds" and "signed before 2026-11-23 18:02:00 UTC" in words and "REFUSED" not in words
    assert browser.requests == [file.as_uri()] and browser.console == []
    assert browser.value("getComputedStyle(document.getElementById('verdict')).borderTopWidth") == "3px"    # its style is let in


def test_a_changed_exhibit_is_refused_by_itself(browser: Browser, portal: Portal, tmp_path: Path) -> None:
    page = portal.export().read_bytes()
    begin = page.index(b'"part":"alarm","line":"') + 900
    for bad in (page[:begin] + (b"A" if page[begin:begin + 1] != b"A" else b"B") + page[begin + 1:],
                page.replace(b'data-says="4/lane">2<', b'data-says="4/lane">3<'),
                page.replace(b"</h1>", b'</h1><script type="application/json" id="exhibit">{}</script>'),
                page.replace(b"<h2>When", b'<output id="verdict" data-state="holds">HOLDS</output><h2>When')):
        assert bad != page
        state, words = opened(browser, bad, tmp_path)
        assert (state, words[:23]) == ("refused", "THIS FILE DOES NOT HOLD")


HOSTILE = ("</script><script>window.pwned=1;document.getElementById('verdict').dataset.state='holds'</script>"
           "<img src=x onerror='window.pwned=1'>")


def test_a_hostile_record_has_no_say_in_the_verdict(browser: Browser, tmp_path: Path) -> None:
    body = {**dict.fromkeys(("lane", "basis", "rule"), HOSTILE), "notes": [HOSTILE],
            "detectors": {HOSTILE: {"counts": 1, "bkg": None}}}
    page = Portal(tmp_path, alarm={**ALARM, **body}, occupancy={**OCCUPANCY, "notes": [HOSTILE]}).export().read_bytes()
    state, words = opened(browser, page, tmp_path)
    assert state == "holds" and browser.value("window.pwned") is None and browser.console == []
    assert HOSTILE in words                                                             # shown as what it is: text
    assert browser.value("document.querySelectorAll('img, #verdict script').length") == 0


def test_even_text_that_became_markup_could_not_fake_the_verdict(browser: Browser, tmp_path: Path) -> None:
    """As if escaping had failed: the policy lets no script but ours run, and the verdict says that words were changed."""
    page = Portal(tmp_path, alarm={**ALARM, "lane": HOSTILE}).export().read_text()
    bad = re.sub(r'data-says="4/lane">[^<]*<', lambda _: f'data-says="4/lane">{HOSTILE}<', page)
    state, words = opened(browser, bad.encode(), tmp_path)
    assert state == "refused" and "REFUSED the page" in words and browser.value("window.pwned") is None
    assert any("Content Security Policy" in text for text in browser.console)


def test_without_scripts_the_page_says_that_nothing_was_checked(browser: Browser, portal: Portal) -> None:
    browser.call("Emulation.setScriptExecutionDisabled", value=True)
    try:
        browser.open(portal.export())
        told = browser.call("DOM.getOuterHTML", nodeId=browser.call("DOM.querySelector", selector="#verdict", nodeId=browser.call(
            "DOM.getDocument")["root"]["nodeId"])["nodeId"])["outerHTML"]
    finally:
        browser.call("Emulation.setScriptExecutionDisabled", value=False)
    assert "Not checked yet" in told and 'data-state="unchecked"' in told


@pytest.mark.parametrize(("lacking", "words"), [
    ("crypto.subtle.importKey = () => Promise.reject(new DOMException('no', 'NotSupportedError'))", "cannot check Ed25519"),
    ("Object.defineProperty(globalThis, 'crypto', { value: {} })", "gives no WebCrypto"),
])
def test_a_browser_that_cannot_check_says_so_and_which_can(browser: Browser, portal: Portal, lacking: str, words: str) -> None:
    script = browser.call("Page.addScriptToEvaluateOnNewDocument", source=lacking)["identifier"]
    try:
        browser.open(portal.export())
        state, told = verdict(browser)
    finally:
        browser.call("Page.removeScriptToEvaluateOnNewDocument", identifier=script)
    assert state == "unchecked" and words in told and told.startswith("Not checked")


# --- the verifier's own page

def given(browser: Browser, files: list[Path], **pins: str) -> tuple[str, str]:
    browser.open(JS / "index.html")
    for name, text in pins.items():
        browser.value(f"document.getElementById({name.replace('_', '-')!r}).value = {text!r}")
    browser.choose_files("#files", files)
    browser.wait("!document.getElementById('verdict').textContent.startsWith('Checking') && " + DONE)
    return verdict(browser)


def test_the_page_verifies_an_exhibit_and_shows_its_records(browser: Browser, portal: Portal, tmp_path: Path) -> None:
    file = portal.export()
    keys = {"log_key": portal.log.log_key.text(), "centre_key": portal.centre.text()}
    state, words = given(browser, [file], **keys)
    assert state == "holds" and words.count("the one you gave") == 2 and browser.console == []
    assert '"id":"QX-7/3/1"' in browser.value("document.getElementById('records').textContent")
    other = Portal(tmp_path, centre_seed=b"d" * 32)
    state, words = given(browser, [file], centre_key=other.centre.text())
    assert state == "refused" and "signed by somebody else" in words


@pytest.mark.parametrize(("names", "words"), [
    (["log.ndjson", "portal.jwk", "portal.vkey", "centre.vkey", "checkpoint.txt", "receipt-1.txt"], "4 records verified"),
    (["express.json", "portal.vkey"], "record 1 (alarm) is in the tree"),
    (["proof.json", "portal.vkey", "checkpoint.txt", "log.ndjson", "portal.jwk"], "4 records verified"),
])
def test_the_page_verifies_the_vectors(browser: Browser, names: list[str], words: str) -> None:
    state, told = given(browser, [VECTORS / name for name in names])
    assert state == "holds" and words in told, told


@pytest.mark.parametrize(("data", "state"), [
    (b"", "refused"), (b"<p>hello", "refused"), (b'{"a":1}', "unchecked"), (b"\xff", "refused"),
])
def test_the_page_refuses_what_is_nothing_of_ours(browser: Browser, tmp_path: Path, data: bytes, state: str) -> None:
    (tmp_path / "x").write_bytes(data)
    found: Any = given(browser, [tmp_path / "x"])
    assert found[0] == state, found
