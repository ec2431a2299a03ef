"""Metadata and the build of the alarm kernel (``native/``, cffi API mode, one abi3 wheel)."""

from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).parent
VERSION = "0.1.0"

setup(
    name="edge-agent",
    version=VERSION,
    description="Radiation portal monitor agent: polls, judges, signs, keeps and delivers alarms",
    long_description=(HERE / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    python_requires=">=3.11",
    packages=find_packages(include=["edge_agent*", "hardware_mocks*"]),
    package_data={"edge_agent.words": ["schemas/*.json"], "hardware_mocks": ["scenes/*.toml"]},
    data_files=[
        ("share/edge-agent/config", ["config/edge-agent.toml", "config/upkeep.toml"]),
        ("share/edge-agent/config/profiles", sorted(str(p.relative_to(HERE)) for p in (HERE / "config/profiles").glob("*.toml"))),
        ("share/edge-agent/config/guide", sorted(str(p.relative_to(HERE)) for p in (HERE / "config/guide").glob("*.toml"))),
        ("share/edge-agent/config/languages", sorted(str(p.relative_to(HERE)) for p in (HERE / "config/languages").glob("*.po"))),
        ("share/edge-agent/config/models", ["config/models/generic.json"]),
        ("share/edge-agent/verifiers/js", sorted(str(p.relative_to(HERE)) for p in (HERE / "verifiers/js").glob("*.*"))),
        ("share/man/man1", ["docs/man/edge-agent.1"]),
        ("share/bash-completion/completions", ["docs/completion/edge-agent"]),
        ("share/zsh/site-functions", ["docs/completion/_edge-agent"]),
        ("share/edge-agent/verifiers/python", ["verifiers/python/verify_log.py", "verifiers/python/verify_letter.py"]),
    ],
    setup_requires=["cffi>=1.17"],
    cffi_modules=["native/build_kernel.py:ffibuilder"],
    options={"bdist_wheel": {"py_limited_api": "cp311"}},
    install_requires=[
        "cffi>=1.17",
        "pyserial>=3.5,<4",
        "pymodbus>=3.11,<3.12",      # its API breaks in minors: one minor, one door
        "numpy>=1.26",               # learning and analysis; the polling path never loads it
        "aiosqlite>=0.20",
        "cryptography>=42",
    ],
    extras_require={
        "center": ["aiohttp>=3.10,<4", "jsonschema-rs>=0.29"],
        "mqtt": ["paho-mqtt>=2.1,<2.2"],     # inner parts of it are replaced (doors/mqtt.py): one minor
        "fuzz": ["atheris>=2.3"],    # optional: coverage-guided long forms, python -m tests.fuzz --atheris NAME
        "test": [
            "pytest>=8",
            "coverage>=7",
            "pytest-xdist>=3.7",     # several workers; --no-loadscope-reorder
            "hypothesis>=6.100",
            "jsonschema>=4.21",
            "joserfc>=1.0",          # an independent reader of our JWS lines
            "shtab>=1.7", "argparse-manpage>=4",     # make docs: completions and the man page
            "pynmeagps>=1.0",        # an independent reader of GPS sentences
            "lxml>=5",               # the N42.42 schema
            'sandiaspecutils>=0.0.11; platform_machine == "x86_64"',     # what InterSpec and Cambio read with
            "ruff>=0.6",
            "mypy>=1.11",
            "types-pyserial",
            "aiohttp>=3.10,<4",
            "paho-mqtt>=2.1,<2.2",
        ],
    },
    entry_points={"console_scripts": ["edge-agent = edge_agent.commands:main"]},
)
