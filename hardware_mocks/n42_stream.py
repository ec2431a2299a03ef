"""A backpack on a tripod that streams N42.42-2012 documents over TCP, each between STX and ETX.

    python -m hardware_mocks.n42_stream --port 4242 --every 1 --alarm-at 20 --alarm-for 10

One a second, background counts; from --alarm-at seconds on an alarm and a nuclide for --alarm-for seconds, again and again
with --loop.  The form follows what one open implementation reads of an RS-350; never compared with hardware.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import time
import uuid
from datetime import UTC, datetime

from hardware_mocks.tcp_end import TcpEnd

NS = "http://physics.nist.gov/N42/2011/N42"
BACKGROUND, SOURCE = 900, 4000          # counts a second of a 3x5 inch NaI near a road, and with the source


def document(counts: int, at: datetime, seconds: float, nuclide: str = "") -> bytes:
    """One document of `counts` gross gamma counts; with `nuclide` an alarm and that name."""
    start = at.strftime("%Y-%m-%dT%H:%M:%SZ")
    found = (
        '<AnalysisResults id="r" radMeasurementReferences="m"><RadAlarm id="a" radDetectorInformationReferences="g">'
        "<RadAlarmCategoryCode>Gamma</RadAlarmCategoryCode><RadAlarmActiveIndicator>true</RadAlarmActiveIndicator></RadAlarm>"
        "<NuclideAnalysisResults><Nuclide><NuclideIdentifiedIndicator>true</NuclideIdentifiedIndicator>"
        f"<NuclideName>{nuclide}</NuclideName><NuclideIDConfidenceValue>88</NuclideIDConfidenceValue></Nuclide>"
        "</NuclideAnalysisResults></AnalysisResults>"
    ) if nuclide else ""
    return (
        f'<?xml version="1.0"?><RadInstrumentData xmlns="{NS}" n42DocUUID="{uuid.uuid4()}">'
        '<RadInstrumentInformation id="i"><RadInstrumentManufacturerName>Mock</RadInstrumentManufacturerName>'
        "<RadInstrumentIdentifier>BP-1</RadInstrumentIdentifier><RadInstrumentModelName>Backpack</RadInstrumentModelName>"
        "<RadInstrumentClassCode>Backpack</RadInstrumentClassCode></RadInstrumentInformation>"
        '<RadDetectorInformation id="g"><RadDetectorCategoryCode>Gamma</RadDetectorCategoryCode></RadDetectorInformation>'
        f'<RadMeasurement id="m"><MeasurementClassCode>Foreground</MeasurementClassCode><StartDateTime>{start}</StartDateTime>'
        f"<RealTimeDuration>PT{seconds:g}S</RealTimeDuration>"
        f'<GrossCounts id="c" radDetectorInformationReference="g"><LiveTimeDuration>PT{seconds:g}S</LiveTimeDuration>'
        f"<CountData>{counts}</CountData></GrossCounts></RadMeasurement>{found}</RadInstrumentData>"
    ).encode()


async def stream(end: TcpEnd, chosen: argparse.Namespace) -> None:
    """Until cancelled."""
    dice, began = random.Random(chosen.seed), time.monotonic()
    print(f"ready {await end.open()}", flush=True)
    while True:
        gone_s = time.monotonic() - began
        if chosen.loop and gone_s > chosen.alarm_at + chosen.alarm_for:
            began, gone_s = began + chosen.alarm_at + chosen.alarm_for, 0.0
        alarm = chosen.alarm_at <= gone_s < chosen.alarm_at + chosen.alarm_for
        mean = (BACKGROUND + SOURCE * alarm) * chosen.every
        counts = max(0, round(dice.gauss(mean, mean**0.5)))
        end.send(b"\x02" + document(counts, datetime.now(UTC), chosen.every, "Cs-137" if alarm else "") + b"\x03")
        await asyncio.sleep(chosen.every)


def main() -> None:
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--host", default="127.0.0.1")
    made.add_argument("--port", type=int, default=0)
    made.add_argument("--every", type=float, default=1.0, help="seconds between documents")
    made.add_argument("--alarm-at", type=float, default=20.0)
    made.add_argument("--alarm-for", type=float, default=10.0)
    made.add_argument("--loop", action="store_true")
    made.add_argument("--seed", type=int, default=0)
    chosen = made.parse_args()
    asyncio.run(stream(TcpEnd(chosen.host, chosen.port, one_client=False), chosen))


if __name__ == "__main__":
    main()
