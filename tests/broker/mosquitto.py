"""A real mosquitto on loopback: TLS, mutual for portals, passwords for the rest, access lists as the wire page asks."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path

from edge_agent.center import tls
from edge_agent.tools import envelope
from tests import debian
from tests.live.post import free_port, wait_for

PROGRAM = ""                            # where it is, once it was needed
CENTRE, HOSTILE = ("centre", "c-secret"), ("hostile", "h-secret")
# %u: the common name of a portal's certificate, or the user of its credentials file
PATTERNS = [
    *(f"pattern write rpm/%u/{kind}" for kind in envelope.ASKING), "pattern read rpm/%u/receipt",
]
RIGHTS = {
    CENTRE: [*(f"topic read rpm/+/{kind}" for kind in envelope.ASKING), "topic write rpm/+/receipt"],
    HOSTILE: ["topic readwrite #"],         # whoever runs the broker can do this much
}


def needed() -> None:
    """mosquitto is here, or installed now, or the test is skipped."""
    global PROGRAM
    PROGRAM = debian.need("mosquitto", "mosquitto")


class Mosquitto:
    def __init__(self, where: Path) -> None:
        needed()
        self.where = where
        where.mkdir(exist_ok=True)
        self.port, self.password_port = free_port(), free_port()
        self.options: list[str] = []
        self.users = {CENTRE: RIGHTS[CENTRE], HOSTILE: RIGHTS[HOSTILE]}
        self.files: Path | None = None          # of `center broker`; else every portal by its log id as common name
        key, certificate = tls.make_certificate(["127.0.0.1"])
        self._write("server.key", key.decode())
        self.ca = self._write("server.crt", certificate.decode())
        self._write("clients.pem", certificate.decode())        # a store must not be empty
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"mqtts://127.0.0.1:{self.port}"

    @property
    def password_url(self) -> str:
        return f"mqtts://127.0.0.1:{self.password_port}"

    def admit(self, pem: str) -> None:
        with (self.where / "clients.pem").open("a") as file:
            file.write(pem)

    def start(self) -> None:
        self._configure()
        with (self.where / "broker.log").open("ab") as log:
            self._process = subprocess.Popen([str(PROGRAM), "-c", self.where / "broker.conf"], stdout=log, stderr=log)
        before = self.log().count(" running")
        wait_for(lambda: self.log().count(" running") > before or self.log().endswith("running\n"), 10, "mosquitto")

    def stop(self, number: int = signal.SIGTERM) -> None:
        if self._process is not None:
            self._process.send_signal(number)
            self._process.send_signal(signal.SIGCONT)
            self._process.wait(10)
            self._process = None

    def freeze(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def log(self) -> str:
        return (self.where / "broker.log").read_text(errors="replace")

    def login(self, who: tuple[str, str]) -> Path:
        path = self._write(f"{who[0][:20]}.login", ":".join(who) + "\n")
        path.chmod(0o640)
        return path

    def for_centre(self) -> Path:
        """The file of `center run --mqtt`."""
        login = self.login(CENTRE)
        return self._write("centre.toml", f'url = "{self.password_url}"\nca = "{self.ca}"\ncredentials = "{login}"\n')

    def _configure(self) -> None:
        (self.where / "users").unlink(missing_ok=True)
        acl = []
        (self.where / "users").touch(mode=0o600)
        for (user, password), rights in self.users.items():
            program = Path(str(PROGRAM)).parent.parent / "bin/mosquitto_passwd"
            subprocess.run([program, "-b", self.where / "users", user, password], check=True, capture_output=True)
            acl += [f"user {user}", *rights]
        self._write("acl", "\n".join([*acl, *PATTERNS]) + "\n")
        tls_lines = f"certfile {self.ca}\nkeyfile {self.where}/server.key\ntls_version tlsv1.3\n"
        rights = f"acl_file {self.where}/acl\nallow_anonymous false\n"
        portals = self.files or self.where
        clients = portals / ("portals.pem" if self.files else "clients.pem")
        self._write("broker.conf", "\n".join([
            "per_listener_settings true", "user root", "log_dest stderr", "log_type all", *self.options,
            f"listener {self.port} 127.0.0.1", tls_lines + f"acl_file {portals}/acl\nallow_anonymous false\ncafile {clients}",
            "require_certificate true", "use_identity_as_username true",
            f"listener {self.password_port} 127.0.0.1", tls_lines + rights, f"password_file {self.where}/users", "",
        ]))

    def _write(self, name: str, text: str) -> Path:
        path = self.where / name
        path.write_text(text)
        return path
