"""Temperature Measurement 2A1C and Intermediate Temperature 2A1E, which share one layout."""

from cloud_sync.contract.readings import FailedMeasurement, Temperature
from gateway.decoders.codes import name
from gateway.decoders.cursor import Cursor
from gateway.decoders.hints import Hints
from gateway.decoders.kinds import judge_temperature
from gateway.decoders.numbers import medfloat
from gateway.decoders.times import read_date_time

_FAHRENHEIT, _TIME, _TYPE = 1, 2, 4
_SITES = {
    1: "armpit",
    2: "body",
    3: "ear",
    4: "finger",
    5: "gastrointestinal",
    6: "mouth",
    7: "rectum",
    8: "toe",
    9: "tympanum",
}


def temperature(cursor: Cursor, _hints: Hints) -> Temperature | FailedMeasurement:
    present = cursor.u8("flags")
    value = medfloat(cursor.u32("value"))
    time = read_date_time(cursor) if present & _TIME else None
    site = name(cursor.u8("site"), _SITES) if present & _TYPE else None
    unit = "[degF]" if present & _FAHRENHEIT else "Cel"
    return judge_temperature(value, unit, site, time)
