"""CSV of counts, from any instrument: one line per interval, columns named in the first line (docs/replay.md).

    time_s,interval_s,gamma_Aa1,gamma_Aa2,neutron_Aa1N,occupied,speed_mps
    0.2,0.2,51,48,0,0,
    0.4,0.2,47,52,,1,2.2

Strict: a cell that is not what its column says is refused with file, line, column, what was expected and the remedy.
Nothing is guessed but the interval where no column gives it: then it is the time between the first two lines.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from edge_agent.words.errors import SettingsError
from edge_agent.words.language import worded
from edge_agent.words.reading import OccupancyEnd, Radiation, Reading, Sample, Speed

# Columns of data/series of radiacode-tools (MIT), read as they are; anything else: --columns THEIRS=OURS
GAMMA_MAX, NEUTRON_MAX = 16, 8      # as the kernel (native/ea_lane.h)
ALIASES = {"timestamp": "time_s", "dt_live_s": "interval_s", "counts": "gamma"}
DIGITS = 12                     # of a count: beyond any counter; python itself refuses thousands
LONGEST_S = 30 * 365 * 86400     # between first and last line: the kernel's clock resolves 0.1 us so far
OVERLAP = 3.0                   # times the time since the line before: live seconds of real series reach 2.0 (radiacode)
SPARSE = 100.0                  # times its counting time between lines: then the times are not in s
PLAIN = ("time_s", "interval_s", "neutron_interval_s", "occupied", "speed_mps", "vendor_gamma", "vendor_neutron")
IGNORED = "-"                   # --columns latitude=-
INTERVAL_S = (0.01, 600.0)      # what the kernel takes (native/ea_kernel.h, ea_gamma)
UNSTATED_S = (0.01, 10.0)       # without that column: samples so far apart are rare, 100 ms written as 100 are not
ADDED_UP = 1.1                  # times the time since the first line: what all lines may have counted (radiacode: 1.003)
SPEED_MPS = (0.05, 60.0)        # the same (ea_speed); slower is standing
COUNT_MAX = 2**32 - 1
NAME_MAX = 64                   # of a column, in any language
_DETECTOR = re.compile(r"[A-Za-z0-9._-]{1,32}")
_NUMBER = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,12})?([eE][+-]?[0-9]{1,2})?")
Step = tuple[int, tuple[Reading, ...]]      # what comes at one instant


@dataclass(frozen=True, slots=True)
class _Header:
    line: int                                           # of the file, from 1
    names: tuple[str, ...]                              # as the file spells them
    place: dict[str, int]                               # our plain columns -> which
    channels: dict[Radiation, dict[str, int]]           # detector -> which


class CountsFile:
    """One file, read as often as asked.  `name` is for messages; `renamed`: their column -> ours."""

    def __init__(self, lines: Sequence[str], name: str, renamed: Mapping[str, str] | None = None) -> None:
        self.name, self._lines = name, lines
        self._header = self._read_header({**ALIASES, **(renamed or {})})
        for theirs in renamed or {}:
            if theirs not in self._header.names:
                raise self._error(self._header.line, theirs, "", "a column of this file", f"Its columns: {self._shown()}")
        self.detectors = {kind: tuple(found) for kind, found in self._header.channels.items()}
        rows = self._rows()
        first, second = next(rows, None), next(rows, None)
        if first is None:
            raise SettingsError(worded(
                "{name}: there is no line of counts after the column names.\n  Export it again with its data.", name=name))
        self.zero_s = self._time(*first)                # of the file's own clock: instants are counted from here
        self.interval_s = self._first_interval_s(first, second)

    @property
    def has_occupancy(self) -> bool:
        """Whether the file says when a vehicle is there; without it every line is of the vacant lane."""
        return "occupied" in self._header.place

    def steps(self, detectors: Mapping[Radiation, Sequence[str]] | None = None) -> Iterator[Step]:
        """Readings line by line, counts in this order of detectors (default: the file's own)."""
        order = {kind: self._order(kind, names) for kind, names in (detectors or self.detectors).items()}
        state = _State()
        for line, cells in self._rows():
            yield self._step(line, cells, order, state)

    # --- lines

    def _read_header(self, renamed: Mapping[str, str]) -> _Header:
        for number, text in enumerate(self._lines, 1):
            text = text.strip().removeprefix("\ufeff")      # Excel writes a byte order mark
            if text and not text.startswith("#"):
                return self._columns(number, tuple(cell.strip() for cell in self._cut(number, text)), renamed)
        raise SettingsError(worded(
            "{name}: the file is empty.\n  Give a file whose first line names its columns (docs/replay.md).", name=self.name))

    def _columns(self, line: int, names: tuple[str, ...], renamed: Mapping[str, str]) -> _Header:
        place: dict[str, int] = {}
        channels: dict[Radiation, dict[str, int]] = {kind: {} for kind in Radiation}
        strange = next((name for name in names if not name.replace("\t", "").isprintable() or len(name) > NAME_MAX), None)
        if strange is not None and not (strange.isprintable() and ";" in strange):
            raise self._error(line, ascii(strange)[1:-1][:40], "", f"names of at most {NAME_MAX} characters that can be printed",
                              "Is this a CSV in UTF-8? Export it again as comma-separated text.")
        for number, theirs in enumerate(names):
            ours = renamed.get(theirs, theirs)
            kind = next((kind for kind in Radiation if ours == kind.value or ours.startswith(f"{kind.value}_")), None)
            if ours == IGNORED:
                continue
            table, key = (place, ours) if ours in PLAIN or kind is None else (channels[kind], _detector(ours, kind))
            if table is not place and not _DETECTOR.fullmatch(key):
                raise self._error(line, theirs, "", "a detector's name: 1 to 32 letters, digits, . _ -", "Rename the column.")
            if kind is None and ours not in PLAIN:
                raise self._error(line, theirs, "", "a column this format knows", _remedy(theirs, names))
            if key.casefold() in map(str.casefold, table):
                raise self._error(line, theirs, "", f"one column for {ours}, not two", "Rename one: --columns THEIRS=OURS")
            table[key] = number
        if "time_s" not in place:
            raise self._error(line, "time_s", "", "a column for the end of each interval, in s", _remedy("time_s", names))
        if not 1 <= len(channels[Radiation.GAMMA]) <= GAMMA_MAX or len(channels[Radiation.NEUTRON]) > NEUTRON_MAX:
            raise self._error(line, "gamma_...", "", "a column for each detector, 16 and 8 at most", _remedy("gamma", names))
        return _Header(line, names, place, channels)

    def _rows(self) -> Iterator[tuple[int, list[str]]]:
        for number, text in enumerate(self._lines, 1):
            text = text.strip("\r\n")
            if number <= self._header.line or not text.strip() or text.startswith("#"):
                continue
            cells = [cell.strip() for cell in self._cut(number, text)]
            if len(cells) != len(self._header.names):
                raise SettingsError(worded(
                    "{name}, line {number}: {cells} cells, expected {names}, one for each column.\n"
                    "  Is the line cut short, or a decimal comma in it? Correct or remove it.",
                    name=self.name, number=number, cells=len(cells), names=len(self._header.names)))
            yield number, cells

    def _cut(self, line: int, text: str) -> list[str]:
        try:
            return next(csv.reader([text], strict=True))
        except csv.Error as problem:
            raise SettingsError(worded(
                "{name}, line {line}: {problem}.\n  Expected cells parted by commas; correct the line.",
                name=self.name, line=line, problem=problem)) from None

    # --- one line

    def _step(self, line: int, cells: list[str], order: dict[Radiation, list[int]], state: _State) -> Step:
        time_s = self._time(line, cells)
        if time_s - self.zero_s > LONGEST_S:
            raise self._error(line, "time_s", str(time_s), "a time within 30 years of the first", "Is it in s?")
        at_ns = round((time_s - self.zero_s) * 10**9)
        if state.last_ns is not None and at_ns <= state.last_ns:
            raise self._error(line, "time_s", str(time_s), "a time after that of the line before", "Sort the lines by time.")
        since_s = None if state.last_ns is None else (at_ns - state.last_ns) / 1e9
        state.last_ns = at_ns
        occupied = self._flag(line, cells, "occupied")
        readings: list[Reading] = []
        if state.occupied and not occupied:         # the first line that ends with the beam clear
            state.counter += 1
            readings.append(OccupancyEnd(at_ns, state.counter))
        state.occupied = occupied
        interval_s = self._interval(line, cells, "interval_s") or self.interval_s
        if since_s is not None and interval_s > OVERLAP * since_s + 0.1:
            expected = f"counting time of no more than the {since_s:g} s since the line before"
            raise self._error(line, "interval_s", f"{interval_s:g}", expected, "Correct the line: counts cannot overlap.")
        for kind, places in order.items():
            state.waiting_s[kind] += interval_s
            counts = self._counts(line, cells, places)
            if counts is None:
                continue
            own_s = self._interval(line, cells, "neutron_interval_s") if kind is Radiation.NEUTRON else None
            vendor, counted_s = self._flag(line, cells, f"vendor_{kind.value}"), own_s or round(state.waiting_s[kind], 9)
            if not state.adds_up(kind, counted_s, at_ns / 1e9):
                told = f"counting times that add up to the time that passed, not {state.counted_s[kind]:g} s in {at_ns / 1e9:g} s"
                column = "neutron_interval_s" if own_s else "interval_s"
                raise self._error(line, column, f"{counted_s:g}", told, "Is the interval, or the time, in another unit?")
            readings.append(Sample(at_ns, kind, counted_s, counts, occupied, vendor))
            state.waiting_s[kind] = 0.0
        speed = self._number(line, cells, "speed_mps")
        if occupied and speed:                      # 0 or empty: not measured
            self._within(line, "speed_mps", speed, SPEED_MPS, "m/s")
            readings.append(Speed(at_ns, float(speed)))
        return at_ns, tuple(readings)

    def _counts(self, line: int, cells: list[str], places: list[int]) -> tuple[int, ...] | None:
        """None where none of these cells is filled: not read in this line, the next ones hold the counts since."""
        found = [cells[place] for place in places]
        if not any(found):
            return None
        for place in places:
            cell = cells[place]
            if not cell.isascii() or not cell.isdigit() or len(cell) > DIGITS or int(cell) > COUNT_MAX:
                raise self._error(
                    line, self._header.names[place], cells[place], "a whole number of counts, 0 or more",
                    "Counts, not a rate; leave all cells of one radiation empty where it was not read."
                )
        return tuple(map(int, found))

    def _time(self, line: int, cells: list[str]) -> Decimal:
        found = self._number(line, cells, "time_s")
        if found is None:
            raise self._error(line, "time_s", "", "a time in s", "Every line needs one; remove the line.")
        return found

    def _interval(self, line: int, cells: list[str], column: str) -> float | None:
        found = self._number(line, cells, column)
        if found is None:
            return None
        self._within(line, column, found, INTERVAL_S, "s")
        return float(found)

    def _within(self, line: int, column: str, found: Decimal, limits: tuple[float, float], unit: str) -> None:
        if not Decimal(str(limits[0])) <= found <= Decimal(str(limits[1])):        # 0.01 as written is below 0.01 as a float
            expected = f"{limits[0]:g} to {limits[1]:g} {unit}"
            raise self._error(line, column, str(found), expected, "Correct the value, or its unit.")

    def _number(self, line: int, cells: list[str], column: str) -> Decimal | None:
        place = self._header.place.get(column)
        if place is None or not cells[place]:
            return None
        if not _NUMBER.fullmatch(cells[place]):
            raise self._error(line, self._header.names[place], cells[place], "a number such as 12.5",
                              "Write a point before decimals, no unit; a date must be given in seconds.")
        return Decimal(cells[place])

    def _flag(self, line: int, cells: list[str], column: str) -> bool:
        place = self._header.place.get(column)
        if place is None:
            return False
        if cells[place] not in ("0", "1"):
            raise self._error(line, self._header.names[place], cells[place], "0 or 1", "Write 1 while it holds, else 0.")
        return cells[place] == "1"

    def _first_interval_s(self, first: tuple[int, list[str]], second: tuple[int, list[str]] | None) -> float:
        given = self._interval(*first, "interval_s")
        if given is not None:
            if second is not None and float(self._time(*second) - self.zero_s) > SPARSE * given:
                expected = f"a time in s: the line before is {self._time(*second) - self.zero_s} earlier and counted {given:g} s"
                written = second[1][self._header.place["time_s"]]
                raise self._error(second[0], "time_s", written, expected, "Is it in ms? Divide it.")
            return given
        if second is None:
            expected = "the counting time in s: with one line it cannot be told"
            raise self._error(first[0], "interval_s", "", expected, "Add the column.")
        between = self._time(*second) - self.zero_s
        if not UNSTATED_S[0] <= between <= UNSTATED_S[1]:
            expected = f"{UNSTATED_S[0]:g} to {UNSTATED_S[1]:g} s after the line before, where no column interval_s says more"
            written = second[1][self._header.place["time_s"]]
            raise self._error(second[0], "time_s", written, expected, "Is it in ms? Divide it; else add interval_s.")
        return float(between)

    def _order(self, kind: Radiation, names: Sequence[str]) -> list[int]:
        held = self._header.channels[kind]
        if held and set(held) != set(names):
            raise SettingsError(worded(
                "{name}, line {line}: {radiation} columns are {held}; the lane has {names}.\n"
                "  Name them alike: --columns THEIRS={radiation}_NAME, or leave --profile and --config out.",
                name=self.name, line=self._header.line, radiation=kind.value, held=", ".join(held), names=", ".join(names)))
        return [held[name] for name in names if name in held]

    def _shown(self) -> str:
        return ", ".join(self._header.names)[:200]

    def _error(self, line: int, column: str, found: str, expected: str, remedy: str) -> SettingsError:
        shown = f" = {found[:40]!r}" if found else ""
        return SettingsError(worded(
            "{name}, line {line}, column {column}{shown}: expected {expected}.\n  {remedy}",
            name=self.name, line=line, column=column, shown=shown, expected=expected, remedy=remedy))


class _State:
    """What one reading of the file carries from line to line."""

    def __init__(self) -> None:
        self.last_ns: int | None = None
        self.occupied, self.counter = False, 0
        self.waiting_s = dict.fromkeys(Radiation, 0.0)      # counting time since the last filled cells
        self.counted_s = dict.fromkeys(Radiation, 0.0)      # in all

    def adds_up(self, kind: Radiation, counted_s: float, passed_s: float) -> bool:
        """`passed_s` since the end of the first line; some lines' jitter and what began before it are allowed for."""
        self.counted_s[kind] += counted_s
        return self.counted_s[kind] <= ADDED_UP * passed_s + (OVERLAP + 1.0) * counted_s + 1.0


def looks_like(first_line: str, renamed: Mapping[str, str] | None = None) -> bool:
    """Whether this line names columns."""
    names = {cell.strip().strip('"').removeprefix("\ufeff") for cell in first_line.split(",")}
    return bool(names & {*PLAIN, *ALIASES, *(renamed or {})})


def kind_of(reading: Reading) -> str:
    """What a reading of such a file is counted as."""
    if isinstance(reading, Sample):
        return reading.radiation.value
    return "speed" if isinstance(reading, Speed) else ""


def _detector(ours: str, kind: Radiation) -> str:
    return ours.removeprefix(kind.value).removeprefix("_") or kind.value


def _remedy(column: str, names: Sequence[str]) -> str:
    if len(names) == 1 and any(mark in names[0] for mark in ";\t"):
        return "The columns are not parted by commas: export it as comma-separated."
    known = ", ".join(("time_s", "gamma_NAME", "neutron_NAME", *PLAIN[1:]))
    return f"Say what it is with --columns {column}=OURS, or leave it out with --columns {column}=-; ours: {known}"
