"""The register of check sources of a site: sources.toml beside the configuration."""

from __future__ import annotations

from dataclasses import dataclass

from edge_agent.words.key import key

NUCLIDES = ("Am-241", "Ba-133", "Cf-252", "Co-57", "Co-60", "Cs-137")


@dataclass(frozen=True, slots=True)
class CheckSource:
    id: str = key("what is written on it", pattern=r"[A-Za-z0-9._-]{1,40}", form="1 to 40 letters, digits, . _ -")
    nuclide: str = key("its nuclide", choices=NUCLIDES)
    activity_bq: float = key("activity on `date`", unit="Bq", low=1, high=1e12)
    date: str = key("day of the certificate, YYYY-MM-DD", pattern=r"[0-9]{4}-[0-9]{2}-[0-9]{2}", form="a day: 2026-11-27")
    certificate: str = key("number of the certificate", "")
    kept: str = key("where it is kept, and who has the key", "")
    measured: str = key(
        "day on which `expected_cps` was measured (commissioning), YYYY-MM-DD", "", pattern=r"|[0-9]{4}-[0-9]{2}-[0-9]{2}",
        form="a day, for example 2026-11-27",
    )
    expected_cps: dict[str, float] = key("net counts/s it gave then, panel by panel, in its holder", {}, unit="counts/s", low=0)


@dataclass(frozen=True, slots=True)
class Sources:
    source: list[CheckSource] = key("check sources, one table each")
