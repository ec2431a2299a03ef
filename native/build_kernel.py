"""Builds edge_agent._kernel: the C kernel behind its own header, cffi API mode, one abi3 module.

The header is read, not repeated: without its preprocessor lines it is the cdef.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from cffi import FFI

NATIVE = Path(__file__).resolve().parent
SOURCES = (
    "background", "suspicion", "vacant", "ratio", "focus", "ksigma", "tail", "neutron", "occupancy", "grid", "passage", "design",
    "woodbury", "scan", "shadow", "picture", "template", "settings", "health", "health_limits", "health_second", "health_share",
    "lane",
)
# No contraction: a fused multiply-add rounds once instead of twice, and replay would depend on the machine.
# -O3 does the scan's seven sums side by side: half the instructions of a look, the same bits.
FLAGS = ["-std=c11", "-O3", "-ffp-contract=off", "-fvisibility=hidden", "-Wall", "-Wextra"]


def contract() -> str:
    """What cffi may see of the header: everything but the preprocessor, and of that the integer constants."""
    text = (NATIVE / "ea_kernel.h").read_text(encoding="utf-8")
    return "".join(
        line for line in text.splitlines(keepends=True)
        if not line.startswith("#") or re.match(r"#define \w+ \d+", line)
    )


ffibuilder = FFI()
ffibuilder.cdef(contract())
ffibuilder.set_source(
    "edge_agent._kernel",
    '#include "ea_kernel.h"',
    sources=[f"native/{name}.c" for name in SOURCES],    # setuptools wants them relative to setup.py
    include_dirs=["native"],
    depends=["native/ea_kernel.h", "native/ea_lane.h", "native/ea_vitals.h", "native/ea_work.h"],
    libraries=["m"],
    extra_compile_args=FLAGS,
    py_limited_api=True,
)

if __name__ == "__main__":
    import os

    os.chdir(NATIVE.parent)
    ffibuilder.compile(tmpdir=".", verbose="-v" in sys.argv)
