"""What should have come by now: silence of the wire, and of one radiation while the other goes on.

The wire carries no sequence numbers, so a missing record is seen by its cadence alone.  A radiation that falls silent
while the wire lives (a dead neutron board, noise that spoils every line) must not leave its last value standing as live.
"""

from __future__ import annotations

from collections.abc import Iterator

from edge_agent.words.language import mark, worded
from edge_agent.words.reading import Condition, Missed, Radiation, Unchanged, Unreadable
from edge_agent.words.settings import Profile

STEADY_NS = 60 * 10**9      # no question unanswered: else it is late or half dead, asked each 30 s at least (links/turns.py)
ALL = Condition.SILENCE.value
QUIET = {Radiation.GAMMA: mark("no gamma counts for {seconds:.0f} s, the wire lives"),
         Radiation.NEUTRON: mark("no neutron counts for {seconds:.0f} s, the wire lives")}


class Cadence:
    """When the wire and each radiation were last heard.  Times are CLOCK_BOOTTIME ns."""

    def __init__(self, profile: Profile) -> None:
        self._profile = profile
        self.wire_ns: int | None = None                     # silence counts from here; None: never opened
        self._spoken = False                                # anything at all since the wire was opened
        self._readable = True                               # something since the wire was opened
        self.heard_ns: int | None = None                    # last record that could be read; None: never
        self.answered_ns: int | None = None                 # last answer without anything new; None: never
        self.missed_ns: int | None = None                   # last question without an answer
        self._counts_ns: dict[Radiation, int] = {}          # only detectors that have been heard can fall silent

    def opened(self, at_ns: int) -> None:
        """Everything is counted from here."""
        self._readable = self._spoken = False
        self.wire_ns = at_ns
        self._counts_ns = dict.fromkeys(self._counts_ns, at_ns)

    def heard(self, at_ns: int, radiation: Radiation | None = None, readable: bool = True) -> None:
        """Something came; of this radiation where it was counts.  Back-spaced stamps never make it older."""
        self._spoken = True
        if readable:
            self._readable = True
            self.heard_ns = at_ns if self.heard_ns is None else max(self.heard_ns, at_ns)
        self.wire_ns = at_ns if self.wire_ns is None else max(self.wire_ns, at_ns)
        if radiation is not None:
            self._counts_ns[radiation] = max(at_ns, self._counts_ns.get(radiation, at_ns))

    def asked(self, reading: Missed | Unchanged) -> None:
        """It was asked, and told nothing."""
        if isinstance(reading, Unchanged):
            self.answered_ns = reading.at_ns
        else:
            self.missed_ns = reading.at_ns

    def spoke_ns(self, opened_ns: int) -> int:
        """When anything came last, if only an answer without anything new."""
        return max(opened_ns, self.wire_ns or 0, self.answered_ns or 0)

    def spoiled(self, reading: Unreadable) -> str:
        """Why it cannot be read, and what nothing but unreadable bytes since the wire was opened most likely is."""
        strange = "" if self._readable or reading.kind else worded(
            " (nothing readable since the wire was opened: wrong baud or parity, or another instrument?)")
        return worded("{why}{strange}: {bytes}", why=reading.reason, strange=strange, bytes=ascii(reading.data[:40])[2:-1])

    def age_s(self, at_ns: int) -> float:
        """Since anything came; 0.0 before the wire was opened."""
        return 0.0 if self.wire_ns is None else (at_ns - self.wire_ns) / 1e9

    def gone(self, at_ns: int) -> bool:
        """Silent for so long that what was in the lane is no longer known."""
        return self.age_s(at_ns) > self._profile.silence_s

    def overdue(self, at_ns: int, occupied_ns: int | None) -> Iterator[tuple[str, str, bool]]:
        """(condition, detail, present) of the wire and of each radiation heard before; `occupied_ns`: since when there is a
        vehicle, None without one.  Of a vacant lane the last counts may be a whole vacant period old when it comes."""
        limit_s = self._profile.silence_s if occupied_ns is None else self._profile.occupied_silence_s
        age_s = self.age_s(at_ns)
        silent = age_s > limit_s
        if silent or self._spoken:          # a wire that was only opened anew has not said that it is well
            yield ALL, self._silence(at_ns, limit_s) if silent else "", silent
        for radiation, last_ns in self._counts_ns.items():
            quiet_s = (at_ns - max(last_ns, occupied_ns or last_ns)) / 1e9
            alone = not silent and quiet_s > limit_s
            why = worded(QUIET[radiation], seconds=quiet_s) if alone else ""
            yield f"{radiation.value}-silence", why, alone

    def _silence(self, at_ns: int, limit_s: float) -> str:
        age_s = self.age_s(at_ns)
        steadily = self.missed_ns is None or at_ns - self.missed_ns > STEADY_NS
        if steadily and self.answered_ns is not None and at_ns - self.answered_ns < limit_s * 1e9:
            return worded("it answers, and nothing of it has changed for {seconds:.0f} s: the instrument is frozen. "
                          "Power-cycle it", seconds=age_s)
        return worded("nothing on the wire for {seconds:.0f} s", seconds=age_s)
