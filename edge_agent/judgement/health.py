"""State of health of one lane: what the kernel says of its channels becomes faults, and channels leave and come back.

Who takes a channel out: a person (`out_of_service`, until a person takes it back), or a test: dead, or frozen in the
vacant lane while others are not.  A test's outage ends by itself once the channel has counted plausibly for a full
background time, so none of its zeros is in its background.  An over-range never takes anything out.
Each outage is a fault of its own, a signed record: nothing becomes less sensitive unseen.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from edge_agent.judgement import health_words, outage
from edge_agent.judgement.faults import FaultBook
from edge_agent.judgement.health_words import BLIND, GAMMA, NAMES, OUT, OVERLOAD
from edge_agent.judgement.rules import Rules
from edge_agent.tools.kernel import Health as Seen
from edge_agent.tools.kernel_health import Channel
from edge_agent.words.event import Fault, Judgement
from edge_agent.words.language import worded
from edge_agent.words.reading import Condition, Radiation, Sample
from edge_agent.words.settings import LaneSettings, Profile

EVERY_NS = 10**9            # "within a second" (detection.md 3.9)
PERSON = worded("taken out by a person; back only by a person: edge-agent panel in, or out_of_service of the lane")
OVERLOAD_RULE = "overload/1"


class Health:
    """Asked once a second.  Times are CLOCK_BOOTTIME ns."""

    def __init__(self, lane: LaneSettings, profile: Profile, rules: Rules, faults: FaultBook) -> None:
        self._rules, self._faults, self._profile = rules, faults, profile
        self._geometry = lane.geometry or profile.geometry
        self._next_ns: int | None = None
        self._configured = set(lane.out_of_service)
        self._person = self._configured
        self._out: dict[Radiation, dict[str, str]] = {radiation: {} for radiation in rules.detectors}    # name -> why
        self._spikes: dict[str, int] = {}
        self._longest: dict[str, Channel] = {}      # of each condition: its run of zeros or repeats, which may be over now
        self.overloaded: set[Radiation] = set()

    @property
    def out_of_service(self) -> list[str]:
        """Names of all panels and tubes that are out, in the order of the wire."""
        return [name for radiation, names in self._rules.detectors.items() for name in names if name in self._out[radiation]]

    def take_out(self, names: Collection[str]) -> None:
        """These are out by a person besides those of the configuration, from the next look on."""
        self._person = self._configured | set(names)
        self._next_ns = None

    def remaining(self) -> float:
        """Sensitivity of the gamma sum without what people have taken out; 1.0 with all."""
        rates = dict.fromkeys(self._rules.detectors[GAMMA], 1.0)
        return outage.remaining(rates, self._person & rates.keys())

    @property
    def blind(self) -> bool:
        return self._is_blind(GAMMA)

    def look(self, at_ns: int, *, lost: bool = False) -> Iterator[Fault]:
        """Faults that begin and end now; nothing more often than once a second.  `lost`: the wire broke just now."""
        if not lost and self._next_ns is not None and at_ns < self._next_ns:
            return
        self._next_ns = at_ns + EVERY_NS
        for radiation, names in self._rules.detectors.items():
            if names:
                seen = self._rules.health(radiation, at_ns, lost)
                yield from self._serve(at_ns, radiation, seen)
                yield from self._conditions(at_ns, radiation, seen)
                yield from self._limits(at_ns, radiation)

    def lasting_rates(self, radiation: Radiation, at_ns: int, rates_cps: tuple[float, ...]) -> tuple[float, ...]:
        """The background to keep for the next start, counts/s: of a channel a test took out what it gave when it was sound.
        A half-faded rate would be believed after the start, and with it the panel and what is lost without it."""
        seen = self._rules.health(radiation, at_ns)
        return tuple(
            seen.channels[i].rate_cps if self._out[radiation].get(name, PERSON) != PERSON else rates_cps[i]
            for i, name in enumerate(self._rules.detectors[radiation])
        )

    def failed(self, radiation: Radiation, at_ns: int) -> dict[str, list[str]]:
        """Channels a test took out, by what it found, for the next start: a dead panel must not be in the sums again by it."""
        seen = self._rules.health(radiation, at_ns)
        out = [(i, name) for i, name in enumerate(self._rules.detectors[radiation])
               if self._out[radiation].get(name, PERSON) != PERSON]
        return {what: [name for i, name in out if mask >> i & 1]
                for what, mask in (("silent", seen.silent), ("stuck", seen.stuck_vacant))}

    def notes(self, sample: Sample) -> tuple[str, ...]:
        """What an alarm of this moment must say: channels missing from it, a rise that one panel alone saw."""
        names = self._rules.detectors[sample.radiation]
        out = [name for name in names if name in self._out[sample.radiation]]
        notes = [f"without {', '.join(out)}"] if out else []
        if names and len(sample.counts) == len(names):
            notes += [f"the count of {name} may be a digit spoiled on the line (spoiled-counts)"
                      for name in self._rules.doubted(sample.radiation)]
            seen = self._rules.health(sample.radiation, sample.at_ns)
            notes += [f"{name} alone rose ({seen.channels[i].lone_z:.0f} sigma in one sample): noise of a cable is so"
                      for i, name in enumerate(names) if seen.lone >> i & 1]
        return tuple(notes)

    def overload(self, sample: Sample) -> Judgement | None:
        """The alarm that an over-range is."""
        if sample.radiation not in self.overloaded:
            return None
        seen = self._rules.health(sample.radiation, sample.at_ns)
        names = tuple(n for i, n in enumerate(self._rules.detectors[sample.radiation]) if seen.overload >> i & 1)
        return Judgement(OVERLOAD_RULE, None, None, sample.interval_s, sum(sample.counts), None, None, names)

    # --- in and out of service

    def _serve(self, at_ns: int, radiation: Radiation, seen: Seen) -> Iterator[Fault]:
        names = self._rules.detectors[radiation]
        out: dict[str, str] = {name: PERSON for name in names if name in self._person}
        out |= {name: why for name, why in self._failed(names, seen).items() if name not in out}
        before, self._out[radiation] = self._out[radiation], out
        if out.keys() != before.keys():
            self._rules.serve(radiation, out.keys())
        for name in before.keys() - out.keys():
            why = (worded("put back by a person") if before[name] == PERSON else
                   worded("counted plausibly for a full background time"))
            yield from self._faults.end(at_ns, f"{OUT}:{name}", why, at_once=True)
        if out.keys() - before.keys():
            rates = {name: seen.channels[i].rate_cps for i, name in enumerate(names)}
            left = outage.remaining(rates, out.keys())
            worst = outage.worst_place(self._geometry, names, out.keys()) if radiation is GAMMA else None
            figures = {"sensitivity": round(left, 4)} | ({"worst_place": round(worst, 4)} if worst is not None else {})
            for name in sorted(out.keys() - before.keys()):
                text = worded("{name} is in no sum: {why}. Without {names} {left}", name=name, why=out[name],
                              names=", ".join(sorted(out)), left=outage.sentence(left, worst))
                yield from self._faults.begin(at_ns, f"{OUT}:{name}", text, numbers=figures)
        yield from self._blindness(at_ns, radiation)

    def _failed(self, names: tuple[str, ...], seen: Seen) -> dict[str, str]:
        """Channels a test takes out.  Where all repeat at once it is the wire, not the panels: nothing is gained."""
        failed: dict[str, str] = {name: worded("it counts nothing") for i, name in enumerate(names) if seen.silent >> i & 1}
        stuck = [name for i, name in enumerate(names) if seen.stuck_vacant >> i & 1 and name not in failed]
        alive = [name for i, name in enumerate(names) if not (seen.stuck | seen.silent) >> i & 1]
        if [name for name in alive if name not in self._person]:
            failed |= dict.fromkeys(stuck, worded("its count is frozen"))
        return failed

    def _is_blind(self, radiation: Radiation) -> bool:
        return bool(self._rules.detectors[radiation]) and len(self._out[radiation]) == len(self._rules.detectors[radiation])

    def _blindness(self, at_ns: int, radiation: Radiation) -> Iterator[Fault]:
        condition = BLIND if radiation is GAMMA else f"{radiation.value}-{BLIND}"
        if self._is_blind(radiation):
            yield from self._faults.begin(
                at_ns, condition, worded("every gamma detector is out of service: this lane sees no gamma source. "
                                         "Close it, or search by hand") if radiation is GAMMA else
                worded("every neutron detector is out of service: this lane sees no neutron source. Close it, or search by hand"),
            )
        else:
            yield from self._faults.end(at_ns, condition, at_once=True)

    # --- conditions

    def _conditions(self, at_ns: int, radiation: Radiation, seen: Seen) -> Iterator[Fault]:
        present = self._present(radiation, seen)
        for i, name in enumerate(self._rules.detectors[radiation]):
            channel = seen.channels[i]
            for condition in dict.fromkeys(NAMES[radiation].values()):
                key = f"{condition}:{name}"
                if condition in present[i]:
                    worst = self._longest[key] = health_words.longest(channel, self._longest.get(key, channel))
                    yield from self._faults.begin(
                        at_ns, key, health_words.detail(condition, name, worst), numbers=health_words.numbers(condition, worst),
                    )
                else:
                    self._longest.pop(key, None)
                    yield from self._faults.end(at_ns, key)
            if channel.spikes > self._spikes.get(name, 0):
                self._spikes[name] = channel.spikes
                if self._faults.holds(Condition.UNREADABLE.value):
                    continue                    # a spoiled line makes such peaks of every panel: it is told, and not they
                yield from self._faults.begin(
                    at_ns, f"spike:{name}", health_words.detail("spike", name, channel), fades=True,
                    numbers=health_words.numbers("spike", channel),
                )
        yield from self._overload(at_ns, radiation, bool(seen.overload))

    @staticmethod
    def _present(radiation: Radiation, seen: Seen) -> list[set[str]]:
        """Conditions of each channel."""
        masks = {mask: getattr(seen, mask) for mask in NAMES[radiation]}
        return [{NAMES[radiation][mask] for mask, bits in masks.items() if bits >> i & 1} for i in range(len(seen.channels))]

    def _overload(self, at_ns: int, radiation: Radiation, present: bool) -> Iterator[Fault]:
        if present:
            self.overloaded.add(radiation)
            yield from self._faults.begin(
                at_ns, OVERLOAD, worded("zeros or a gap right after a steep rise: a very strong source. KEEP DISTANCE, measure "
                                        "with a survey meter; the alarm stands until counts have come down for 10 s"),
            )
            return
        self.overloaded.discard(radiation)
        if not self.overloaded:
            yield from self._faults.end(at_ns, OVERLOAD)

    def _limits(self, at_ns: int, radiation: Radiation) -> Iterator[Fault]:
        """Background outside what the profile allows; 0: no limit."""
        profile = self._profile
        low, high = (
            (profile.gamma_low_cps, profile.gamma_high_cps) if radiation is GAMMA
            else (profile.neutron_low_cps, profile.neutron_high_cps)
        )
        if not low and not high:
            return
        for name, rate in self._rules.background_cps(radiation, at_ns).items():
            for limit, beyond in ((Condition.LOW_BACKGROUND, rate < low), (Condition.HIGH_BACKGROUND, 0 < high < rate)):
                if beyond and name not in self._out[radiation]:
                    yield from self._faults.begin(
                        at_ns, f"{limit.value}:{name}", worded(
                            "{name} has a background of {rate:.4g} counts/s, the profile allows {low:g} to {high}",
                            name=name, rate=rate, low=low, high=f"{high or float('inf'):g}"),
                        numbers={"cps": rate, "low": low, "high": high},
                    )
                else:
                    yield from self._faults.end(at_ns, f"{limit.value}:{name}")
