"""A person's terminal: a pseudo-terminal of 80 columns, answered when the question stands there."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import sys
import time

from .post import ENVIRONMENT


def _hears_ctrl_c() -> None:
    """Who runs the tests in the background of a shell passes its deafness on."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


class Terminal:
    """A person's terminal: answers when the question stands there."""

    def __init__(self, *words: str) -> None:
        master, slave = pty.openpty()
        self._master, self.text = master, ""
        self.process = subprocess.Popen(
            [sys.executable, "-m", "edge_agent", *words], stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
            env={**ENVIRONMENT, "TERM": "vt100", "COLUMNS": "80", "LINES": "24"}, preexec_fn=_hears_ctrl_c,
        )
        os.close(slave)

    def until(self, words: str, seconds: float = 60) -> None:
        """Read until these words have come since the last answer."""
        ends = time.monotonic() + seconds
        while words not in self.text:
            assert time.monotonic() < ends, f"{words!r} did not come; the screen: {self.text[-2000:]}"
            if select.select([self._master], [], [], 0.2)[0]:
                try:
                    self.text += os.read(self._master, 4096).decode(errors="replace")
                except OSError:         # the program has ended
                    break
        assert words in self.text, f"{words!r} did not come; the screen: {self.text[-2000:]}"

    def interrupt(self) -> None:
        """Ctrl-C, again where it fell between the question and the waiting for its answer."""
        ends = time.monotonic() + 30
        while self.process.poll() is None:
            assert time.monotonic() < ends, "Ctrl-C does not end it"
            self.process.send_signal(signal.SIGINT)
            time.sleep(0.5)

    def answer(self, question: str, *answers: str, seconds: float = 60) -> None:
        """The last is the right one; each wrong one is asked again."""
        for answer in answers:
            self.until(question, seconds)
            self.text = self.text.split(question, 1)[1]
            os.write(self._master, f"{answer}\n".encode())
