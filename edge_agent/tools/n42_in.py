"""ANSI N42.42 documents of instruments, 2012 and the older 2006 form, as a plain value.  Pure.

Read for what an officer and the centre need: whose it is, when, how much, which nuclides.  The document itself is kept
as it came; what cannot be read here is a doubt, never a guess.  Sources: n42.xsd v0.0.54 (NIST); IEEE N42.42-2006.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator

from edge_agent.tools import xml_tree
from edge_agent.tools.xml_tree import Node
from edge_agent.words.errors import EvidenceError
from edge_agent.words.instrument import Measured, Nuclide
from edge_agent.words.language import worded

TEXT_MAX = 100
NUCLIDES_MAX = 50
# in RadInstrumentClassCode of the schema ("Gamma Handheld", "Personal Radiation Scanner", ...); 2006 has free words
KINDS = {"spectroscopic portal": "spectroscopic portal", "backpack": "backpack", "mobile": "mobile", "identifier": "handheld",
         "personal": "handheld", "handheld": "handheld", "hand-held": "handheld", "dosimeter": "handheld"}
CATEGORIES = {"medical": "medical", "industrial": "industrial", "norm": "norm", "natural": "norm", "snm": "snm", "nuclear": "snm",
              "special nuclear material": "snm"}
UUID = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_PART = r"(?:(\d{1,12}(?:\.\d{1,12})?)"
DURATION = re.compile(rf"P{_PART}D)?(?:T{_PART}H)?{_PART}M)?{_PART}S)?)?")       # xsd:duration, up to days
DOSE = {"usv/h": 1.0, "µsv/h": 1.0, "μsv/h": 1.0, "sv/h": 1e6, "msv/h": 1e3, "nsv/h": 1e-3, "mrem/h": 10.0, "urem/h": 0.01}


def read(data: bytes) -> Measured:
    """The document; EvidenceError says why it is none."""
    root = xml_tree.read(data)
    match root.name:
        case "RadInstrumentData":
            return _Form2012(root).value()
        case "N42InstrumentData":
            return _Form2006(root).value()
    raise EvidenceError(worded(
        "its root is {name!a}, not RadInstrumentData (N42.42-2012) or N42InstrumentData (2006)",
        name=root.name[:TEXT_MAX]))


class _Doubts:
    """What stood there and could not be read, each once."""

    def __init__(self) -> None:
        self._found: dict[str, None] = {}

    def __call__(self, what: str) -> None:
        if len(self._found) < NUCLIDES_MAX:
            self._found[what] = None

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)


class _Form2012:
    def __init__(self, root: Node) -> None:
        self._root, self._doubt = root, _Doubts()
        self._neutron = {detector.attributes.get("id", "") for detector in root.all("RadDetectorInformation")
                         if (detector.say("RadDetectorCategoryCode") or "").lower() == "neutron"}

    def value(self) -> Measured:
        root, doubt = self._root, self._doubt
        about = root.first("RadInstrumentInformation") or Node("", {})
        measurements = [*root.all("RadMeasurement")]
        seen = [one for one in measurements if (one.say("MeasurementClassCode") or "").lower() == "foreground"] or measurements
        rates = [self._rates(one) for one in seen]
        uuid = root.attributes.get("n42DocUUID", "")
        return Measured(
            "N42.42-2012", uuid if UUID.fullmatch(uuid) else None, _kind(about.say("RadInstrumentClassCode")),
            _text(about.say("RadInstrumentManufacturerName")) or "unknown",
            _text(about.say("RadInstrumentModelName")) or "unknown", _text(about.say("RadInstrumentIdentifier")),
            _text(seen[0].say("StartDateTime")) if seen else None,
            _sum([real for real, _, _ in rates]), _mean([(real, gamma) for real, gamma, _ in rates]),
            _mean([(real, neutron) for real, _, neutron in rates]), self._dose(seen), tuple(self._nuclides()),
            tuple(dict.fromkeys(self._alarms())), self._position(), tuple(doubt),
        )

    def _rates(self, measurement: Node) -> tuple[float | None, float | None, float | None]:
        """(real time s, gamma counts/s, neutron counts/s) of one measurement, detectors added."""
        real = _seconds(measurement.say("RealTimeDuration"), self._doubt)
        found: dict[bool, dict[str, float]] = {False: {}, True: {}}
        for kind, data in (("GrossCounts", "CountData"), ("Spectrum", "ChannelData")):      # of both, the spectrum speaks
            for one in measurement.all(kind):
                detector = one.attributes.get("radDetectorInformationReference", "")
                live = _seconds(one.say("LiveTimeDuration"), self._doubt) or real
                counts = _counts(one.first(data), self._doubt)
                if live and counts is not None:
                    found[detector in self._neutron][detector] = counts / live
        gamma, neutron = (sum(rates.values()) if rates else None for rates in (found[False], found[True]))
        return real, gamma, neutron

    def _dose(self, seen: list[Node]) -> float | None:
        doses = [_number(one.say("DoseRateValue"), self._doubt) for measurement in seen for one in measurement.all("DoseRate")]
        return max((dose for dose in doses if dose is not None), default=None)          # µSv/h by the schema

    def _nuclides(self) -> Iterator[Nuclide]:
        found = [one for results in self._root.all("AnalysisResults") for part in results.all("NuclideAnalysisResults")
                 for one in part.all("Nuclide")]
        for one in found[:NUCLIDES_MAX]:
            name = _text(one.say("NuclideName"))
            if name and (one.say("NuclideIdentifiedIndicator") or "true").lower() in ("true", "1"):
                yield Nuclide(name, _confidence(one.say("NuclideIDConfidenceValue"), self._doubt),
                              _category(one.say("NuclideCategoryDescription")))
        if len(found) > NUCLIDES_MAX:
            self._doubt(f"{len(found) - NUCLIDES_MAX} nuclides more")

    def _alarms(self) -> Iterator[str]:
        """Categories of alarms that stand: active unless the document says they are not."""
        for results in self._root.all("AnalysisResults"):
            for one in results.all("RadAlarm"):
                if (one.say("RadAlarmActiveIndicator") or "true").lower() in ("true", "1"):
                    yield (_text(one.say("RadAlarmCategoryCode")) or "other").lower()

    def _position(self) -> tuple[float, float] | None:
        return _position(next(self._root.below("GeographicPoint"), None), "LatitudeValue", "LongitudeValue", self._doubt)


class _Form2006:
    def __init__(self, root: Node) -> None:
        self._root, self._doubt = root, _Doubts()

    def value(self) -> Measured:
        doubt = self._doubt
        measurement = self._root.first("Measurement") or Node("", {})
        about = measurement.first("InstrumentInformation") or Node("", {})
        spectra = [one for one in measurement.all("Spectrum")
                   if "background" not in f"{one.attributes.get('ID', '')} {one.say('SourceType') or ''}".lower()]
        doses = [*measurement.all("CountDoseData")]
        times = [_seconds(one.say("RealTime"), doubt) for one in spectra] or [
            _seconds(one.say("SampleRealTime"), doubt) for one in doses]
        start = next((text for one in [*spectra, *doses] if (text := one.say("StartTime"))), None)
        return Measured(
            "N42.42-2006", None, _kind(about.say("InstrumentType")), _text(about.say("Manufacturer")) or "unknown",
            _text(about.say("InstrumentModel")) or "unknown", _text(about.say("InstrumentID")), _text(start), _sum(times[:1]),
            self._gamma(spectra) or self._rate(doses, "gamma"), self._rate(doses, "neutron"), self._dose(doses),
            tuple(self._nuclides(measurement)), (), _position(next(self._root.below("Coordinates"), None), "", "", doubt),
            tuple(doubt),
        )

    def _gamma(self, spectra: list[Node]) -> float | None:
        rates = []
        for one in spectra:
            live = _seconds(one.say("LiveTime"), self._doubt) or _seconds(one.say("RealTime"), self._doubt)
            counts = _counts(one.first("ChannelData"), self._doubt)
            if live and counts is not None:
                rates.append(counts / live)
        return rates[0] if rates else None      # the first is the measurement, others its calibration or parts of it

    def _rate(self, doses: list[Node], kind: str) -> float | None:
        of_kind = (one for one in doses if one.attributes.get("DetectorType", "").lower() == kind)
        rates = (_number(one.say("CountRate"), self._doubt) for one in of_kind)
        return next((rate for rate in rates if rate is not None), None)

    def _dose(self, doses: list[Node]) -> float | None:
        for one in doses:
            node = one.first("DoseRate")
            value = _number(node.say(), self._doubt) if node is not None else None
            if node is None or value is None:
                continue
            factor = DOSE.get(node.attributes.get("Units", "").lower())
            if factor is None:
                self._doubt(f"dose rate in {node.attributes.get('Units', 'no unit')[:20]}")
                continue
            return value * factor
        return None

    def _nuclides(self, measurement: Node) -> Iterator[Nuclide]:
        found = [*measurement.below("Nuclide")]
        for one in found[:NUCLIDES_MAX]:
            if name := _text(one.say("NuclideName")):
                confidence = _confidence(one.say("NuclideConfidenceIndication"), self._doubt)
                yield Nuclide(name, confidence, _category(one.say("NuclideType")))


# --- words and numbers

def _text(value: str | None) -> str | None:
    """Printable, and not longer than anybody reads."""
    return "".join(letter if letter.isprintable() else "?" for letter in value)[:TEXT_MAX] if value else None


def _kind(value: str | None) -> str:
    told = (value or "").strip().lower()
    return next((kind for word, kind in KINDS.items() if word in told), "other")


def _category(value: str | None) -> str | None:
    if value is None:
        return None
    told = value.lower()
    return next((category for word, category in CATEGORIES.items() if word in told), "other")


def _number(value: str | None, doubt: Callable[[str], None]) -> float | None:
    """A finite number, not negative."""
    if value is None:
        return None
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if not 0.0 <= number < 1e15:
        doubt(f"number {value[:30]!a}")
        return None
    return number


def _confidence(value: str | None, doubt: Callable[[str], None]) -> float | None:
    number = _number(value, doubt)
    return None if number is None else min(number, 100.0)


def _seconds(value: str | None, doubt: Callable[[str], None]) -> float | None:
    """An xsd:duration in s; None for none, zero or what is no time."""
    if value is None:
        return None
    found = DURATION.fullmatch(value)
    parts = [float(part or 0) for part in found.groups()] if found else []
    total = sum(part * unit for part, unit in zip(parts, (86400.0, 3600.0, 60.0, 1.0), strict=False))
    if not 0.0 < total < 1e9:
        doubt(f"duration {value[:30]!a}")
        return None
    return total


def _counts(node: Node | None, doubt: Callable[[str], None]) -> float | None:
    """The sum of all channels; with CountedZeroes a 0 is followed by how many zeros it stands for."""
    if node is None:
        return None
    code = node.attributes.get("compressionCode") or node.attributes.get("Compression") or ""
    packed = code.lower().startswith("countedzero")
    total, skip = 0.0, False
    for word in node.text.split():
        try:
            value = float(word)
        except ValueError:
            value = math.nan
        if not 0.0 <= value < 1e15:
            doubt(f"counts {word[:30]!a}")
            return None
        if skip:
            skip = False
        elif packed and value == 0.0:
            skip = True
        else:
            total += value
    return total if node.text.split() else None


def _position(node: Node | None, latitude: str, longitude: str, doubt: Callable[[str], None]) -> tuple[float, float] | None:
    """Degrees; 2006 has both in one text."""
    if node is None:
        return None
    words = [node.say(latitude) or "", node.say(longitude) or ""] if latitude else (node.say() or "").split()[:2]
    try:
        here = float(words[0]), float(words[1])
    except (ValueError, IndexError):
        here = math.nan, math.nan
    if not (abs(here[0]) <= 90 and abs(here[1]) <= 180):
        doubt("a position")
        return None
    return here


def _sum(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _mean(values: list[tuple[float | None, float | None]]) -> float | None:
    """Of rates, weighed by their times where they are known."""
    known = [(real or 1.0, rate) for real, rate in values if rate is not None]
    return sum(real * rate for real, rate in known) / sum(real for real, _ in known) if known else None
