"""Which of this portal's TLS certificates to show: the newest, or the one before to a peer that does not know it yet."""

from __future__ import annotations

import logging
import ssl
import time
from pathlib import Path

from edge_agent.doors.tls import client_context, pairs
from edge_agent.words.errors import SettingsError

log = logging.getLogger("edge_agent.uplink")
NEWEST_AGAIN_S = 600.0  # from one try of a renewed certificate to the next, while the peer only takes the one before


class OwnCertificates:
    def __init__(self, ca: Path, certificate: Path, key: Path) -> None:
        self._ca, self._own = ca, (certificate, key)
        self._at, self._older_since = 0, 0.0            # which pair; monotonic s since it is an older one
        self.files = self._own                          # of the context made last
        self.context()                                  # files that cannot be used are named at the start

    def context(self) -> ssl.SSLContext:
        """Files are read anew for every connection: a renewal needs no restart."""
        known = pairs(*self._own)
        self.files = known[self._at % len(known)]
        try:
            return client_context(self._ca, *self.files)
        except SettingsError:
            if len(known) == 1:
                raise
            if self.files == known[0]:
                self.files = known[1]                   # a renewal that was cut short
            else:
                self._at, self.files = 0, known[0]      # one that was renewed because it was damaged
            return client_context(self._ca, *self.files)

    def refused(self) -> None:
        """The peer does not take the one we showed: it may know the one before."""
        known = pairs(*self._own)
        if len(known) > 1:
            self._at, self._older_since = (self._at + 1) % len(known), time.monotonic()
            log.warning("the centre does not take %s; next %s", known[self._at - 1][0].name, known[self._at][0].name)

    def newest_is_due(self) -> bool:
        """Whether an older one has served long enough to try the newest again; it is next then."""
        due = bool(self._at) and time.monotonic() - self._older_since > NEWEST_AGAIN_S
        if due:
            self._at = 0
        return due


def refuses_ours(problem: Exception) -> bool:
    """Whether an error of connecting may mean that the peer does not know our certificate."""
    return isinstance(problem, ssl.SSLError | ConnectionResetError) and not isinstance(problem, ssl.SSLCertVerificationError)
