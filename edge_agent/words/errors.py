"""Errors, named by who must act.  Each has one exit code (docs/diagnostics.md lists them)."""

from __future__ import annotations

import os


class EdgeAgentError(Exception):
    """Anything we refuse on purpose.  The message says what happened and what to do next."""

    exit_code = 1
    answered = False            # True: the answer was printed before, and this only says that it may not be relied on


class SettingsError(EdgeAgentError):
    """A person must edit a file.  The message names file, key, what was expected, remedy."""

    exit_code = 3


class LinkError(EdgeAgentError):
    """The wire to the portal failed.  The lane reopens it; nobody is paged yet."""

    exit_code = 4


class Deaf(LinkError):
    """Nothing came for so long that we open the wire anew, in case it is half-open: no word of its state."""


class StorageError(EdgeAgentError):
    """The disk refused.  Someone must free, mount or replace it."""

    exit_code = 5


class Unavailable(StorageError):
    """It is there but cannot be had now: held by another, not permitted, the device does not answer.  Nothing is lost."""


class EvidenceError(EdgeAgentError):
    """A record, checkpoint or receipt does not verify.  Nothing may be built on it."""

    exit_code = 6


class PeerError(EdgeAgentError):
    """The other end of the network is absent, is not who it should be, or answers nonsense."""

    exit_code = 7


class BusyError(EdgeAgentError):
    """Another program holds what we need: a port, a directory, a socket."""

    exit_code = 8


class NotRunning(EdgeAgentError):
    """The daemon this command talks to does not answer."""

    exit_code = 9


class NotAllowed(NotRunning):
    """It is there, and this account may not ask it: nothing is said of whether it runs well."""


def said(problem: OSError) -> str:
    """The system's own words: those of asyncio name the call that failed, not whether it was refused or unreachable."""
    return os.strerror(problem.errno) if problem.errno and problem.errno > 0 else problem.strerror or str(problem)
