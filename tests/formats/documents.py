# ruff: noqa: E501 (documents stand as instruments write them)
"""Documents as instruments write them, made here."""

from __future__ import annotations

NS = "http://physics.nist.gov/N42/2011/N42"
UUID = "0d3b8a0e-7b52-4d6c-9a57-3e3b6f0c2a11"


def of_2012(counts: str = "0 3 1 5 7 2", compression: str = "None", real: str = "PT30S", nuclide: str = "Cs-137", more: str = "") -> bytes:
    return f"""<?xml version="1.0"?>
<RadInstrumentData xmlns="{NS}" n42DocUUID="{UUID}">
 <RadInstrumentInformation id="i"><RadInstrumentManufacturerName>FLIR</RadInstrumentManufacturerName>
  <RadInstrumentIdentifier>7</RadInstrumentIdentifier><RadInstrumentModelName>R400</RadInstrumentModelName>
  <RadInstrumentClassCode>Radionuclide Identifier</RadInstrumentClassCode></RadInstrumentInformation>
 <RadDetectorInformation id="g"><RadDetectorCategoryCode>Gamma</RadDetectorCategoryCode></RadDetectorInformation>
 <RadDetectorInformation id="n"><RadDetectorCategoryCode>Neutron</RadDetectorCategoryCode></RadDetectorInformation>
 <RadMeasurement id="b"><MeasurementClassCode>Background</MeasurementClassCode><RealTimeDuration>PT300S</RealTimeDuration>
  <Spectrum id="bs" radDetectorInformationReference="g"><LiveTimeDuration>PT300S</LiveTimeDuration>
   <ChannelData>9 9 9</ChannelData></Spectrum></RadMeasurement>
 <RadMeasurement id="m"><MeasurementClassCode>Foreground</MeasurementClassCode><StartDateTime>2026-11-26T18:20:00+02:00</StartDateTime>
  <RealTimeDuration>{real}</RealTimeDuration>
  <Spectrum id="s" radDetectorInformationReference="g"><LiveTimeDuration>PT20S</LiveTimeDuration>
   <ChannelData compressionCode="{compression}">{counts}</ChannelData></Spectrum>
  <GrossCounts id="c" radDetectorInformationReference="n"><LiveTimeDuration>PT30S</LiveTimeDuration><CountData>6</CountData></GrossCounts>
  <DoseRate id="d"><DoseRateValue>0.4</DoseRateValue></DoseRate></RadMeasurement>
 <AnalysisResults><NuclideAnalysisResults><Nuclide><NuclideIdentifiedIndicator>true</NuclideIdentifiedIndicator>
   <NuclideName>{nuclide}</NuclideName><NuclideIDConfidenceValue>91</NuclideIDConfidenceValue>
   <NuclideCategoryDescription>Industrial</NuclideCategoryDescription></Nuclide>
  <Nuclide><NuclideIdentifiedIndicator>false</NuclideIdentifiedIndicator><NuclideName>Co-60</NuclideName></Nuclide>
 </NuclideAnalysisResults></AnalysisResults>{more}
</RadInstrumentData>""".encode()


def of_2006() -> bytes:
    return b"""<?xml version="1.0" encoding="ISO-8859-1"?>
<n42:N42InstrumentData xmlns:dhs="x"><n42:Measurement><n42:InstrumentInformation>
 <n42:InstrumentType>Radionuclide Identifier</n42:InstrumentType><n42:Manufacturer>Thermo</n42:Manufacturer>
 <n42:InstrumentModel>IdentiFINDER</n42:InstrumentModel><n42:InstrumentID>A-1</n42:InstrumentID></n42:InstrumentInformation>
 <undeclared:Spectrum Type="PHA"><n42:StartTime>2008-05-14T10:00:00</n42:StartTime><n42:RealTime>PT1M2.5S</n42:RealTime>
  <n42:LiveTime>PT60S</n42:LiveTime><n42:ChannelData Compression="CountedZeroes">0 20 100 200 0 3</n42:ChannelData></undeclared:Spectrum>
 <n42:CountDoseData DetectorType="Neutron"><n42:CountRate Units="CPS">0.5</n42:CountRate></n42:CountDoseData>
 <n42:CountDoseData DetectorType="Gamma"><n42:DoseRate Units="uSv/h">1.5</n42:DoseRate></n42:CountDoseData>
 <n42:AnalysisResults><n42:NuclideAnalysis><n42:Nuclide><n42:NuclideName>Tc-99m</n42:NuclideName>
  <n42:NuclideConfidenceIndication>8</n42:NuclideConfidenceIndication><n42:NuclideType>Medical</n42:NuclideType></n42:Nuclide>
 </n42:NuclideAnalysis></n42:AnalysisResults><n42:Coordinates>54.687 25.279</n42:Coordinates></n42:Measurement></n42:N42InstrumentData>"""
