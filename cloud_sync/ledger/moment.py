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

from msgspec.structs import replace

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
class Anchor:
    """The true time at one moment of a hub's boot, and how far it may be off."""

    boot: str
    monotonic_ms: int
    wall_ms: int
    error_ms: int


@dataclass(frozen=True, kw_only=True)
class Anchors:
    """The nearest anchors that the hub sealed before and after a reading."""

    before: Anchor | None = None
    after: Anchor | None = None


NO_ANCHORS = Anchors()


@dataclass(frozen=True, kw_only=True)
class Clocks:
    """Everything that was said about the time of one reading."""

    device_time: datetime | None
    flags: Collection[str]
    received: Received
    compared: ClockError | None
    committed_at_ms: int
    anchors: Anchors = NO_ANCHORS


def resolve(clocks: Clocks, zone: ZoneInfo | None) -> Moment:
    """The moment of measurement; `zone` is the patient's, None while nobody has the device."""
    receipt = _receipt(clocks)
    if _CLOCK_IS_WRONG.intersection(clocks.flags):
        return _estimate(receipt.at_ms, None)
    if clocks.device_time is None:
        live = receipt.uncertainty_ms is not None and _STORED not in clocks.flags
        return _estimate(receipt.at_ms, (receipt.uncertainty_ms or 0) + LIVE_MS if live else None)
    found = _by_device(clocks, clocks.device_time, zone, receipt)
    latest = receipt.at_ms + (receipt.uncertainty_ms or 0) + FUTURE_ALLOWANCE_MS
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
    """When the hub had the bytes: by its clock if that may be believed, else by its anchors.

    Without either, the clinic's commit says "not later than this" and nothing more.
    """
    received = clocks.received
    believable = received.wall_ms <= clocks.committed_at_ms + FUTURE_ALLOWANCE_MS
    if received.synchronised and believable:
        error_ms = received.error_ms
        return _estimate(received.wall_ms, SYNCHRONISED_ERROR_MS if error_ms is None else error_ms)
    found = _by_own_boot(received, clocks.anchors) or _by_neighbours(clocks)
    if found is not None and found.at_ms <= clocks.committed_at_ms + FUTURE_ALLOWANCE_MS:
        return found
    return _estimate(clocks.committed_at_ms, None)


def _by_own_boot(received: Received, anchors: Anchors) -> Moment | None:
    """The true time by the nearest anchor of the same boot; the error grows with the distance."""
    found = [
        (abs(received.monotonic_ms - anchor.monotonic_ms), anchor)
        for anchor in (anchors.before, anchors.after)
        if anchor is not None and anchor.boot == received.boot
    ]
    if not found:
        return None
    distance_ms, anchor = min(found, key=lambda pair: pair[0])
    at_ms = anchor.wall_ms + received.monotonic_ms - anchor.monotonic_ms
    return _estimate(at_ms, anchor.error_ms + -(-distance_ms // _DRIFT_PER_MS))


def _by_neighbours(clocks: Clocks) -> Moment | None:
    """A boot that never knew the time lies between its neighbours' anchors: somewhere in there."""
    before, after = clocks.anchors.before, clocks.anchors.after
    if before is None or after is None:
        return None
    first_ms = before.wall_ms - before.error_ms
    last_ms = min(after.wall_ms + after.error_ms, clocks.committed_at_ms)
    if first_ms > last_ms:
        return None
    middle_ms = (first_ms + last_ms) // 2
    return _estimate(middle_ms, last_ms - middle_ms)


def _compared(clocks: Clocks, receipt: Moment) -> ClockError | None:
    """The comparison, with the hub's wall clock put right as the receipt was.

    Reading and comparison belong to one conversation: further apart, the wall clock was set between
    them, and the comparison says nothing.
    """
    compared, wall_ms = clocks.compared, clocks.received.wall_ms
    doubt_ms = receipt.uncertainty_ms
    if compared is None or compared.device_time is None or doubt_ms is None:
        return None
    if doubt_ms > UNCOMPARED_MS:  # then the device's own word is the better one
        return None
    if abs(wall_ms - compared.wall_ms) > _HOUR_MS:
        return None
    return replace(compared, wall_ms=compared.wall_ms + receipt.at_ms - wall_ms)


def _by_device(
    clocks: Clocks, device_time: datetime, zone: ZoneInfo | None, receipt: Moment
) -> Moment | None:
    compared = _compared(clocks, receipt)
    local = None if zone is None else _localised(device_time, zone, receipt.at_ms)
    if compared is None or compared.device_time is None:
        return None if local is None else _aged(local, UNCOMPARED_MS, receipt)
    doubt_ms = max(0, (receipt.uncertainty_ms or 0) - SYNCHRONISED_ERROR_MS)
    if zone is not None and local is not None:
        shown = _localised(compared.device_time, zone, compared.wall_ms + _HOUR_MS)
        agrees = abs(shown.at_ms - compared.wall_ms) <= DRIFT_ALLOWANCE_MS + doubt_ms
        if agrees or _set_before(compared, local, receipt):
            return _aged(local, RESOLUTION_MS + doubt_ms, receipt)
    elapsed_ms = _ms(compared.device_time - device_time)
    if elapsed_ms < -RESOLUTION_MS:
        return None  # stamped after the comparison by a clock that said less: it was reset since
    corrected = Moment(at_ms=compared.wall_ms - elapsed_ms, method="corrected", uncertainty_ms=0)
    return _aged(corrected, RESOLUTION_MS + doubt_ms, receipt)


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
