"""The offline bundle: built here, installed below a directory with no network, upgraded, refused, rolled back."""

from __future__ import annotations

import os
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.slow
# a network namespace with nothing in it, where this account may make one
OFFLINE = ["unshare", "-n"] if os.geteuid() == 0 and shutil.which("unshare") else []


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("dist")
    made = subprocess.run([ROOT / "bundle/make.sh"], env={**os.environ, "OUT": str(out)}, capture_output=True, text=True)
    if made.returncode and "No matching distribution" in made.stderr:
        pytest.skip("needs a package index to build the bundle")
    assert made.returncode == 0, made.stderr
    file = Path(made.stdout.split()[-1])
    assert subprocess.run(["sha256sum", "-c", f"{file.name}.sha256"], cwd=out, capture_output=True).returncode == 0
    with tarfile.open(file) as packed:
        packed.extractall(out, filter="data")
    return out / file.name.removesuffix(".tar.gz")


@pytest.fixture(scope="module")
def machine(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A controller the bundle was installed on."""
    where = tmp_path_factory.mktemp("root")
    done = install(bundle, where)
    assert done.returncode == 0, done.stderr
    yield where


def install(bundle: Path, root: Path, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*OFFLINE, bundle / "install.sh", "--root", root, *words], capture_output=True, text=True, umask=0o077,
                          env={"PATH": os.environ["PATH"], "PIP_NO_INDEX": "1", "EDGE_AGENT_PAUSE_S": "0", **more})


def current(root: Path) -> str:
    return (root / "opt/edge-agent/current").readlink().name


def changed(bundle: Path, where: Path, name: str, text: str) -> Path:
    """The bundle with one file written anew, and its checksums right."""
    made = where / "changed"
    shutil.copytree(bundle, made)
    (made / name).write_text(text)
    subprocess.run("find . -type f ! -name SHA256SUMS -print0 | sort -z | xargs -0 sha256sum > SHA256SUMS", shell=True, cwd=made,
                   check=True)
    return made


def test_it_installs_without_a_network_and_works(machine: Path) -> None:
    agent = machine / "opt/edge-agent/current/bin/edge-agent"
    assert subprocess.run([agent, "selftest"], capture_output=True).returncode == 0
    shut = [path for path in (machine / "opt").rglob("*") if not path.is_symlink() and not path.stat().st_mode & 0o004]
    assert not shut, "root's umask of 077 must not keep it from the services' accounts"
    assert (machine / "usr/local/bin/edge-agent").readlink() == Path("/opt/edge-agent/current/bin/edge-agent")
    for made in ("etc/systemd/system/edge-agent.service", "etc/udev/rules.d/60-edge-agent.rules",
                 "usr/share/doc/edge-agent/diagnostics.md", "usr/local/share/man/man1/edge-agent.1"):
        assert (machine / made).is_file()


def test_an_upgrade_keeps_the_version_before_and_goes_back_to_it(bundle: Path, machine: Path, tmp_path: Path) -> None:
    old = current(machine)
    newer = changed(bundle, tmp_path, "VERSION", "edge-agent-9.9.9-newer\n")
    assert install(newer, machine).returncode == 0 and current(machine) == "edge-agent-9.9.9-newer"
    assert install(newer, machine).returncode == 0                 # the same again changes nothing
    back = install(newer, machine, "--rollback")
    assert back.returncode == 0 and f"back to {old}" in back.stdout and current(machine) == old


def test_it_is_taken_off_as_the_docs_say_and_keeps_what_is_yours(bundle: Path, tmp_path: Path) -> None:
    assert install(bundle, tmp_path).returncode == 0
    (tmp_path / "etc/edge-agent/edge-agent.toml").write_text("version = 1\n")
    section = (ROOT / "docs/install.md").read_text().split("## Take it off")[1].split("```")[1]
    removals = [line.replace(" /", f" {tmp_path}/") for line in section.splitlines() if line.startswith("rm ")]
    subprocess.run(["sh", "-ec", "\n".join(removals)], check=True)
    left = [path.relative_to(tmp_path) for path in tmp_path.rglob("*") if not path.is_dir() or path.is_symlink()]
    assert left == [Path("etc/edge-agent/edge-agent.toml")]


def test_a_damaged_bundle_changes_nothing(bundle: Path, tmp_path: Path) -> None:
    damaged = tmp_path / "damaged"
    shutil.copytree(bundle, damaged)
    wheel = next((damaged / "wheels").glob("edge_agent-*.whl"))
    wheel.write_bytes(wheel.read_bytes()[:-1])
    done = install(damaged, tmp_path / "root")
    assert done.returncode == 1 and "the bundle is damaged" in done.stderr and not (tmp_path / "root/opt").exists()


def test_a_bundle_of_another_machine_is_named(bundle: Path, tmp_path: Path) -> None:
    done = install(changed(bundle, tmp_path, "MACHINE", "riscv64 3.11\n"), tmp_path / "root")
    assert done.returncode == 1 and "this bundle is for riscv64" in done.stderr
    shutil.rmtree(tmp_path / "changed")
    done = install(changed(bundle, tmp_path, "MACHINE", f"{os.uname().machine} 3.99\n"), tmp_path / "root")
    assert done.returncode == 1 and "Python 3.99 is not installed" in done.stderr


def test_a_version_that_refuses_the_configuration_is_not_put_in_place(bundle: Path, machine: Path, tmp_path: Path) -> None:
    old, config = current(machine), machine / "etc/edge-agent/edge-agent.toml"
    config.write_text("version = 1\n[portal]\n")
    try:
        done = install(changed(bundle, tmp_path, "VERSION", "edge-agent-9.9.8-refusing\n"), machine)
        assert done.returncode == 1 and "refuses" in done.stderr and old in done.stderr and current(machine) == old
        assert config.read_text() == "version = 1\n[portal]\n"
    finally:
        config.unlink()


def test_a_version_whose_service_does_not_come_up_is_rolled_back(bundle: Path, machine: Path, tmp_path: Path) -> None:
    old, asked = current(machine), tmp_path / "asked"
    systemctl = tmp_path / "systemctl"          # says the service is active; nothing answers `status`
    systemctl.write_text(f'#!/bin/sh\necho "$@" $(readlink {machine}/opt/edge-agent/current) >> {asked}\n')
    systemctl.chmod(0o755)
    done = install(changed(bundle, tmp_path, "VERSION", "edge-agent-9.9.7-mute\n"), machine, SYSTEMCTL=str(systemctl))
    assert done.returncode == 1 and f"{old} is in place again" in done.stderr and current(machine) == old
    restarts = [line.split()[-1] for line in asked.read_text().splitlines() if line.startswith("restart")]
    assert restarts == ["edge-agent-9.9.7-mute", old]
