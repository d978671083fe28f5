"""When a reading was taken, as far as the clocks that were near can say. Pure.

The device's clock is zoneless and often wrong, the hub's may be unsynchronised, the clinic's says
only "not later than this". They are never merged: the result names its method and its uncertainty,
and a moment that may fall on two days falls on none until a person decides.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from cloud_sync.contract.observation import ClockError, Received

DRIFT_ALLOWANCE_MS = 30_000  # a hub sets a device's clock only beyond this
RESOLUTION_MS = 60_000  # many devices show minutes, not seconds
SYNCHRONISED_ERROR_MS = 5_000  # of a hub that says synchronised without a bound
# The next two are assumptions to be checked on real devices: a device without a clock sends while
# it is being used, and a consumer clock nobody compared was set within a quarter of an hour.
LIVE_MS = 300_000
UNCOMPARED_MS = 900_000
FUTURE_ALLOWANCE_MS = 300_000
EARLIEST_MS = 1_577_836_800_000  # 2020-01-01: no supported device was made before
_DRIFT_PER_MS = 10_000  # 100 ppm: one millisecond in this many
_HOUR_MS = 3_600_000
_DAY_MS = 24 * _HOUR_MS
_CLOCK_IS_WRONG = frozenset({"clock_not_set", "time_fault"})
_STORED = "from_storage"

Method = Literal["device", "corrected", "estimate"]


@dataclass(frozen=True, kw_only=True)
class Moment:
    """An instant, how it was found, and how far it may be off; None: nobody can say."""

    at_ms: int
    method: Method
    uncertainty_ms: int | None


@dataclass(frozen=True, kw_only=True)
class Clocks:
    """Everything that was said about the time of one reading."""

    device_time: datetime | None
    flags: Collection[str]
    received: Received
    compared: ClockError | None
    committed_at_ms: int


def resolve(clocks: Clocks, zone: ZoneInfo | None) -> Moment:
    """The moment of measurement; `zone` is the patient's, None while nobody has the device."""
    receipt = _receipt(clocks)
    if _CLOCK_IS_WRONG.intersection(clocks.flags):
        return _estimate(receipt.at_ms, None)
    if clocks.device_time is None:
        live = receipt.uncertainty_ms is not None and _STORED not in clocks.flags
        return _estimate(receipt.at_ms, (receipt.uncertainty_ms or 0) + LIVE_MS if live else None)
    found = _by_device(clocks, clocks.device_time, zone, receipt)
    latest = receipt.at_ms + FUTURE_ALLOWANCE_MS
    if found is None or not EARLIEST_MS <= found.at_ms <= latest:
        return _estimate(receipt.at_ms, None)
    return found


def local_day(moment: Moment, zone: ZoneInfo) -> date | None:
    """The patient's calendar date, if the uncertainty does not reach over midnight."""
    if moment.uncertainty_ms is None or moment.uncertainty_ms > _DAY_MS:
        return None
    first = _day(moment.at_ms - moment.uncertainty_ms, zone)
    last = _day(moment.at_ms + moment.uncertainty_ms, zone)
    return first if first == last else None


def _receipt(clocks: Clocks) -> Moment:
    """When the hub had the bytes: by its clock if that may be believed, else only "not later"."""
    received = clocks.received
    believable = received.wall_ms <= clocks.committed_at_ms + FUTURE_ALLOWANCE_MS
    if received.synchronised and believable:
        error_ms = received.error_ms
        return _estimate(received.wall_ms, SYNCHRONISED_ERROR_MS if error_ms is None else error_ms)
    return _estimate(clocks.committed_at_ms, None)


def _by_device(
    clocks: Clocks, device_time: datetime, zone: ZoneInfo | None, receipt: Moment
) -> Moment | None:
    compared, hub_knows = clocks.compared, receipt.uncertainty_ms is not None
    local = None if zone is None else _localised(device_time, zone, receipt.at_ms)
    if compared is None or compared.device_time is None or not hub_knows:
        return None if local is None else _aged(local, UNCOMPARED_MS, receipt)
    if zone is not None and local is not None:
        shown = _localised(compared.device_time, zone, compared.wall_ms + _HOUR_MS)
        agrees = abs(shown.at_ms - compared.wall_ms) <= DRIFT_ALLOWANCE_MS
        if agrees or _set_before(compared, local, receipt):
            return _aged(local, RESOLUTION_MS, receipt)
    elapsed_ms = _ms(compared.device_time - device_time)
    if elapsed_ms < -RESOLUTION_MS:
        return None  # stamped after the comparison by a clock that said less: it was reset since
    corrected = Moment(at_ms=compared.wall_ms - elapsed_ms, method="corrected", uncertainty_ms=0)
    return _aged(corrected, RESOLUTION_MS, receipt)


def _set_before(compared: ClockError, local: Moment, receipt: Moment) -> bool:
    """The hub set the clock first and the measurement came after, in the same conversation."""
    earliest, latest = compared.wall_ms - RESOLUTION_MS, receipt.at_ms + RESOLUTION_MS
    return compared.written and earliest <= local.at_ms <= latest


def _localised(device_time: datetime, zone: ZoneInfo, latest_ms: int) -> Moment:
    """The instant of a zoneless time; an hour of doubt where the zone has it twice or never."""
    first, second = (_epoch_ms(device_time.replace(tzinfo=zone, fold=fold)) for fold in (0, 1))
    if first == second or (first < second and second > latest_ms):
        return Moment(at_ms=first, method="device", uncertainty_ms=0)
    return Moment(at_ms=first, method="device", uncertainty_ms=_HOUR_MS)


def _aged(moment: Moment, error_ms: int, receipt: Moment) -> Moment:
    """The older the record, the further a clock may have run away since."""
    age_ms = max(0, receipt.at_ms - moment.at_ms)
    total = (moment.uncertainty_ms or 0) + error_ms + age_ms // _DRIFT_PER_MS
    return Moment(at_ms=moment.at_ms, method=moment.method, uncertainty_ms=total)


def _estimate(at_ms: int, uncertainty_ms: int | None) -> Moment:
    return Moment(at_ms=at_ms, method="estimate", uncertainty_ms=uncertainty_ms)


def _epoch_ms(moment: datetime) -> int:
    return _ms(moment - _EPOCH)


def _ms(span: timedelta) -> int:
    return span // timedelta(milliseconds=1)


def _day(at_ms: int, zone: ZoneInfo) -> date:
    return (_EPOCH + timedelta(milliseconds=at_ms)).astimezone(zone).date()


_EPOCH = datetime(1970, 1, 1, tzinfo=ZoneInfo("UTC"))
