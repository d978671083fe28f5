"""PLX Spot-Check Measurement 2A5E and PLX Continuous Measurement 2A5F."""

from cloud_sync.contract.readings import FailedMeasurement, PulseOximetry
from gateway.decoders.codes import flags
from gateway.decoders.cursor import Cursor
from gateway.decoders.hints import Hints
from gateway.decoders.kinds import OximetryClaim, judge_oximetry
from gateway.decoders.numbers import sfloat
from gateway.decoders.times import read_date_time

_MEASUREMENT_BITS = (
    *(None,) * 5,
    "ongoing",
    "early_estimate",
    "validated",
    "fully_qualified",
    "from_storage",
    "demonstration",
    "testing",
    "calibrating",
    "unavailable",
    "questionable",
    "invalid",
)
_DEVICE_BITS = (
    "extended_update",
    "equipment_malfunction",
    "signal_irregularity",
    "inadequate_signal",
    "poor_signal",
    "low_perfusion",
    "erratic_signal",
    "nonpulsatile_signal",
    "questionable_pulse",
    "signal_analysis_ongoing",
    "interference",
    "sensor_unconnected",
    "unknown_sensor",
    "sensor_displaced",
    "sensor_malfunction",
    "sensor_disconnected",
)


def spot_check(cursor: Cursor, _hints: Hints) -> PulseOximetry | FailedMeasurement:
    """2A5E: flags b0 time, b1 measurement, b2 device status, b3 amplitude, b4 clock not set."""
    present = cursor.u8("flags")
    spo2 = sfloat(cursor.u16("spo2"))
    pulse = sfloat(cursor.u16("pulse_bpm"))
    time = read_date_time(cursor) if present & 1 else None
    status = _status(cursor, present >> 1)
    clock = ("clock_not_set",) if present & 16 else ()
    return judge_oximetry(
        OximetryClaim(spo2=spo2, pulse=pulse, device_time=time, flags=(*status, *clock))
    )


def continuous(cursor: Cursor, _hints: Hints) -> PulseOximetry | FailedMeasurement:
    """2A5F: flags b0 fast pair, b1 slow pair, b2-b4 as b1-b3 above. The normal pair is used."""
    present = cursor.u8("flags")
    spo2 = sfloat(cursor.u16("spo2"))
    pulse = sfloat(cursor.u16("pulse_bpm"))
    if present & 1:
        cursor.take(4, "fast_pair")
    if present & 2:
        cursor.take(4, "slow_pair")
    status = _status(cursor, present >> 2)
    return judge_oximetry(OximetryClaim(spo2=spo2, pulse=pulse, flags=status))


def _status(cursor: Cursor, present: int) -> tuple[str, ...]:
    """b0 measurement status, b1 device and sensor status, b2 pulse amplitude (read past)."""
    measurement = cursor.u16("measurement_status") if present & 1 else 0
    device = cursor.u24("device_status") if present & 2 else 0
    if present & 4:
        cursor.u16("pulse_amplitude")
    return (*flags(measurement, _MEASUREMENT_BITS), *flags(device, _DEVICE_BITS))
