"""One line of the core's answer on a local socket: read the same by whoever asks.  Pure."""

from __future__ import annotations

import json
from typing import Any

from edge_agent.words.errors import EdgeAgentError, NotRunning


def read(line: bytes) -> dict[str, Any]:
    """The answer.  The core's own error with its exit code as EdgeAgentError; NotRunning where it is another program's."""
    try:
        answer: dict[str, Any] = json.loads(line)
        if answer.get("ok"):
            return answer
        refusal = EdgeAgentError(str(answer.get("error")))
        refusal.exit_code = int(answer.get("exit", 1))
    except (ValueError, TypeError, AttributeError, ArithmeticError, RecursionError):
        raise NotRunning("what answers on this socket is not edge-agent.\n  Which program holds it?  ss -xlp") from None
    raise refusal
