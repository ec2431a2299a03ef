"""One row of the table every campaign prints, and the seeds of what went wrong."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

TOLD_MAX = 20


@dataclass
class Row:
    name: str
    runs: int = 0
    bad: int = 0
    verdicts: Counter[str] = field(default_factory=Counter)

    def text(self) -> str:
        found = ", ".join(f"{name} {count}" for name, count in self.verdicts.most_common())
        return f"{self.name:44} {self.runs:8} {self.bad:5}  {found}"

    def take(self, seed: object, wrong: Iterable[str], verdicts: Iterable[str]) -> None:
        """One run: what went wrong in it is told at once, with its seed."""
        told = list(wrong)
        self.runs += 1
        self.bad += bool(told)
        self.verdicts.update(verdicts)
        if told and self.bad <= TOLD_MAX:
            print(f"  {self.name}, seed {seed}: {'; '.join(told)[:600]}", file=sys.stderr, flush=True)

    def add(self, other: Row) -> None:
        self.runs, self.bad, self.verdicts = self.runs + other.runs, self.bad + other.bad, self.verdicts + other.verdicts


HEAD = f"{'campaign':44} {'runs':>8} {'bad':>5}  verdicts"


def over_seeds(name: str, runs: int, first: int, one: Callable[[int], tuple[Iterable[str], Iterable[str]]]) -> Row:
    """The row of `runs` seeds from `first` on; a run that fails with an error is a bad one."""
    row = Row(name)
    for seed in range(first, first + runs):
        try:
            wrong, verdicts = one(seed)
        except Exception as problem:
            wrong, verdicts = [f"{type(problem).__name__}: {problem}"], []
        row.take(seed, wrong, verdicts)
    return row
