"""`python -m hardware_mocks`: the mock portal of the one family there is; `--list` names its scenes."""

from __future__ import annotations

import sys

from hardware_mocks import rapiscan, serve

sys.exit(serve.main(rapiscan.signals))
