"""One alarm as an ANSI N42.42-2012 document: background, counts of the passage slice by slice, alarm results, instrument.

Readers built on SpecUtils (InterSpec, Cambio) drop gamma `GrossCounts`; so each gamma count stands in a spectrum of one channel
beside it, whose energy boundaries are nominal and say nothing about the detector.  The record's signature is not in here: the
document is for reading, the record and its exhibit are the evidence.
"""

from __future__ import annotations

import re
import uuid
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from edge_agent.tools import alarm_text
from edge_agent.words import language
from edge_agent.words.errors import SettingsError
from edge_agent.words.language import worded

NAMESPACE = "http://physics.nist.gov/N42/2011/N42"
NOMINAL_KEV = "30 3000"             # a channel must have boundaries; plastic portals count about this range
DOSE = "dose"                       # the detector of an instrument that gives a dose rate and no counts
CATEGORY = {"gamma": "Gamma", "neutron": "Neutron"}
# Elements whose type the schema restricts to one run of anything between plain words: white space in them becomes "_".
ONE_RUN = {
    "AnalysisAlgorithmComponentVersion", "RadInstrumentComponentVersion", "RadInstrumentDataCreatorName",
    "RadInstrumentIdentifier",
}
ILLEGAL = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")      # not a character of XML 1.0
Body = dict[str, Any]


@language.english()
def document(alarm: Body, occupancy: Body | None, others: Sequence[Body] = ()) -> bytes:
    """The document of an alarm record and its occupancy record; SettingsError where a record has no time of day."""
    return _Document(alarm, occupancy, others).written()


class _Document:
    def __init__(self, alarm: Body, occupancy: Body | None, others: Sequence[Body]) -> None:
        self._alarm, self._occupancy = alarm, occupancy
        self._alarms = sorted([alarm, *others], key=lambda each: each["seq"])
        self._root = ET.Element(f"{{{NAMESPACE}}}RadInstrumentData", {
            # Of the record: the same record is the same document for ever.
            "n42DocUUID": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{alarm['log']}#{alarm['seq']}")),
            "n42DocDateTime": _iso(_wall(alarm["t"], "it was signed")),
        })

    def written(self) -> bytes:
        self._instrument()
        self._detectors()
        self._backgrounds()
        self._slices()
        self._results()
        ET.register_namespace("", NAMESPACE)
        ET.indent(self._root)
        return bytes(ET.tostring(self._root, "utf-8", xml_declaration=True)) + b"\n"

    # --- what it was measured with

    def _instrument(self) -> None:
        alarm = self._alarm
        _add(self._root, "Remark", f"record {alarm['seq']} of {alarm['log']}; that record is the evidence, this is for reading")
        _add(self._root, "RadInstrumentDataCreatorName", f"edge-agent {alarm['agent']}")
        about = _add(self._root, "RadInstrumentInformation", id="portal")
        _add(about, "RadInstrumentManufacturerName", "not on record")
        _add(about, "RadInstrumentIdentifier", f"{alarm['log']}/lane/{alarm['lane']}")
        _add(about, "RadInstrumentModelName", "portal monitor")
        _add(about, "RadInstrumentClassCode", "Portal Monitor")
        for name, version in (("Software", alarm["agent"]), ("Configuration", alarm["cfg"] or "none")):
            part = _add(about, "RadInstrumentVersion")
            _add(part, "RadInstrumentComponentName", name)
            _add(part, "RadInstrumentComponentVersion", version)

    def _detectors(self) -> None:
        for name, radiation in self._radiations().items():
            about = _add(self._root, "RadDetectorInformation", id=_id("d", name))
            _add(about, "RadDetectorName", name)
            _add(about, "RadDetectorCategoryCode", CATEGORY[radiation])
            _add(about, "RadDetectorKindCode", "Other")
            _add(about, "RadDetectorDescription", f"{radiation} detector of the portal; its kind is not on record")
        item = _add(self._root, "RadItemInformation", id="vehicle")
        _add(item, "RadItemDescription", f"what was in lane {self._alarm['lane']}")
        channel = _add(self._root, "EnergyCalibration", id="one-channel")
        _add(channel, "Remark", "One channel holds the gross counts; its boundaries are nominal")
        _add(channel, "EnergyBoundaryValues", NOMINAL_KEV)

    def _radiations(self) -> dict[str, str]:
        """Every detector and what it counts."""
        found = {name: alarm["radiation"] for alarm in self._alarms for name in _detectors(alarm)}
        for radiation, series in (self._occupancy or {"series": {}})["series"].items():
            found |= dict.fromkeys(series["counts"], radiation)
        return found

    # --- counts

    def _backgrounds(self) -> None:
        """What the vehicle was compared with: rates times the exposure they stand for."""
        begin = _wall((self._occupancy or self._alarm)["begin" if self._occupancy else "at"], "the vehicle came")
        for radiation, background in (self._occupancy or {"background": {}})["background"].items():
            exposure_s, age_s = max(background["exposure_s"], 0.001), background["age_s"]
            at = begin - timedelta(seconds=age_s + exposure_s)
            made = self._measurement(f"background-{radiation}", "Background", at, exposure_s)
            self._counts(made, f"background-{radiation}", radiation, exposure_s,
                         {name: round(cps * exposure_s) for name, cps in background["cps"].items()})
            _add(made, "OccupancyIndicator", "false")

    def _slices(self) -> None:
        """Each interval of each radiation a measurement of its own: gamma and neutrons are seldom counted in one rhythm."""
        if self._occupancy is None:
            self._window()
            return
        begin, end = (_wall(self._occupancy[edge], "the vehicle passed") for edge in ("begin", "end"))
        for radiation, series in self._occupancy["series"].items():
            first, interval_s = _wall(series["begin"], "counting began"), series["interval_s"]
            for number, counts in enumerate(zip(*series["counts"].values(), strict=True)):
                at = first + timedelta(seconds=number * interval_s)
                name = f"{radiation}-{number}"
                inside = begin <= at + timedelta(seconds=interval_s) and at <= end
                made = self._measurement(name, "Foreground", at, interval_s, vehicle=True)
                self._counts(made, name, radiation, interval_s, dict(zip(series["counts"], counts, strict=True)))
                if inside and self._occupancy["speed_mps"]:
                    state = _add(made, "RadItemState", radItemInformationReference="vehicle")
                    _add(_add(state, "StateVector"), "SpeedValue", f"{self._occupancy['speed_mps']:.6g}")
                _add(made, "OccupancyIndicator", "true" if inside else "false")

    def _window(self) -> None:
        """No occupancy is on record: the interval of the alarm is all there is."""
        alarm = self._alarm
        seconds = alarm["window_s"] or 1.0
        at = _wall(alarm["at"], "it was raised") - timedelta(seconds=seconds)
        made = self._measurement("alarm", "Foreground", at, seconds, vehicle=True)
        counts = {name: one["counts"] for name, one in alarm["detectors"].items()}
        self._counts(made, "alarm", alarm["radiation"], seconds, counts)
        if alarm.get("dose_rate"):
            self._dose(made, alarm["dose_rate"])
        _add(made, "OccupancyIndicator", "true" if alarm["occupancy"] else "false")

    def _measurement(self, name: str, code: str, at: datetime, seconds: float, *, vehicle: bool = False) -> ET.Element:
        more = {"radItemInformationReferences": "vehicle", "radMeasurementGroupReferences": "passage"} if vehicle else {}
        made = _add(self._root, "RadMeasurement", id=name, **more)
        _add(made, "MeasurementClassCode", code)
        _add(made, "StartDateTime", _iso(at))
        _add(made, "RealTimeDuration", _duration(seconds))
        return made

    def _counts(self, made: ET.Element, name: str, radiation: str, seconds: float, counts: dict[str, int]) -> None:
        """Spectra before gross counts, as the schema has them."""
        for detector, count in counts.items() if radiation == "gamma" else ():
            spectrum = _add(made, "Spectrum", id=_id(f"{name}-s", detector), radDetectorInformationReference=_id("d", detector),
                            energyCalibrationReference="one-channel")
            _add(spectrum, "LiveTimeDuration", _duration(seconds))
            _add(spectrum, "ChannelData", str(count))
        for detector, count in counts.items():
            gross = _add(made, "GrossCounts", id=_id(f"{name}-g", detector), radDetectorInformationReference=_id("d", detector))
            _add(gross, "LiveTimeDuration", _duration(seconds))
            _add(gross, "CountData", str(count))

    def _dose(self, made: ET.Element, dose: Body) -> None:
        """The schema's value is in uSv/h; another unit is not converted, it stands in words."""
        rate = _add(made, "DoseRate", id="alarm-dose", radDetectorInformationReference=_id("d", DOSE))
        if dose["value"] is None:
            _add(rate, "DoseRateLevelDescription", "not known")
        elif dose["unit"] == "uSv/h":
            _add(rate, "DoseRateValue", f"{dose['value']:.6g}")
        else:
            _add(rate, "DoseRateLevelDescription", f"{dose['value']:.6g} {dose['unit']}")

    # --- what was concluded

    def _results(self) -> None:
        group = _add(self._root, "RadMeasurementGroup", id="passage")
        _add(group, "RadMeasurementGroupDescription", f"occupancy {self._alarm['occupancy'] or 'none: vacant lane'}")
        for number, alarm in enumerate(self._alarms):
            result = _add(self._root, "AnalysisResults", id=f"result-{number}", radMeasurementGroupReferences="passage")
            for note in alarm["notes"]:
                _add(result, "Remark", note)
            _add(result, "AnalysisAlgorithmName", alarm["rule"])
            version = _add(result, "AnalysisAlgorithmVersion")
            _add(version, "AnalysisAlgorithmComponentName", "edge-agent")
            _add(version, "AnalysisAlgorithmComponentVersion", alarm["agent"])
            for name, value, unit in _settings(alarm):
                setting = _add(result, "AnalysisAlgorithmSetting")
                _add(setting, "AnalysisAlgorithmSettingName", name)
                _add(setting, "AnalysisAlgorithmSettingValue", value)
                _add(setting, "AnalysisAlgorithmSettingUnits", unit)
            _add(result, "AnalysisResultStatusCode", "Success")
            _add(result, "AnalysisResultDescription", f"alarm {alarm['id']}")
            self._raised(result, alarm)

    def _raised(self, result: ET.Element, alarm: Body) -> None:
        raised = _add(result, "RadAlarm", radDetectorInformationReferences=" ".join(_id("d", name) for name in _sum(alarm)))
        _add(raised, "RadAlarmDateTime", _iso(_wall(alarm["at"], "it was raised")))
        _add(raised, "RadAlarmCategoryCode", CATEGORY[alarm["radiation"]])
        known = alarm["counts"] is not None and alarm["window_s"]
        window = f"{alarm['counts']} counts in {alarm['window_s']:.3g} s" if known else ""
        against = f", {alarm['expected']:.6g} expected" if alarm["expected"] is not None else ""
        dose = alarm_text.dose(alarm["dose_rate"]) if alarm.get("dose_rate") else ""
        _add(raised, "RadAlarmDescription", f"{alarm['rule']}: {dose or window or 'no window'}{against}")


def _detectors(alarm: Body) -> list[str]:
    """Those it has counts of; an instrument that gives a dose rate and no counts is one."""
    return [DOSE] if alarm.get("dose_rate") else list(alarm["detectors"])


def _sum(alarm: Body) -> list[str]:
    return [DOSE] if alarm.get("dose_rate") else list(alarm["sum"])


def _settings(alarm: Body) -> Iterator[tuple[str, str, str]]:
    """Statistic and threshold are sigmas or probabilities, by the rule; docs/replay.md says which."""
    units = {"statistic": "unit-less", "threshold": "unit-less", "expected": "counts", "expected_sd": "counts", "window_s": "s"}
    if alarm.get("dose_rate"):
        units |= dict.fromkeys(("statistic", "threshold"), alarm["dose_rate"]["unit"])
    for name, unit in units.items():
        if alarm[name] is not None:
            yield name, f"{alarm[name]:.6g}", unit


def _add(parent: ET.Element, name: str, text: str = "", **attributes: str) -> ET.Element:
    made = ET.SubElement(parent, f"{{{NAMESPACE}}}{name}", attributes)
    if text:
        text = ILLEGAL.sub("\ufffd", text)
        made.text = re.sub(r"\s+", "_", text) if name in ONE_RUN else text
    return made


def _id(kind: str, name: str) -> str:
    """A name as XML takes it for an id, unique as the name is."""
    return f"{kind}-" + re.sub(r"[^A-Za-z0-9-]", lambda found: f"_{ord(found[0]):x}_", name)


def _wall(moment: Body, what: str) -> datetime:
    if moment["wall"] is None:
        raise SettingsError(worded(
            "the controller did not know the time of day when {what}, and N42.42 has no other times.\n"
            "  The record itself holds all there is: edge-agent alarms export ID --exhibit FILE.html",
            what=what))
    return datetime.fromisoformat(moment["wall"].replace("Z", "+00:00")).astimezone(UTC)


def _iso(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _duration(seconds: float) -> str:
    return f"PT{seconds:.9f}".rstrip("0").rstrip(".") + "S"
