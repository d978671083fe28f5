"""Cutting one interval in two at a minute, with a program and a note for each part.

For work on two programs that was recorded as one, and for what an import brought on top of other
time: a person cuts it, never by proportion. The whole stays readable; its parts name it.
"""

from dataclasses import dataclass

from sqlalchemy import Connection

from cloud_sync.ledger.care_entries import PROGRAMS, Span, Work
from cloud_sync.ledger.refused import Refused
from cloud_sync.ledger.time_record import (
    Links,
    Origin,
    check_reason,
    correctable,
    links_of,
    lock,
    record,
)

_MINUTE_MS = 60_000


@dataclass(frozen=True, kw_only=True)
class Part:
    """What was done in one part."""

    program: str
    work: Work


def split(  # noqa: PLR0913 - named columns
    db: Connection,
    *,
    care_time_id: str,
    patient_id: str,
    staff_id: str,
    cut_ms: int,
    parts: tuple[Part, Part],
    reason: str,
    at_ms: int,
) -> tuple[str, str]:
    """The ids of the two parts. The first corrects the whole; together they cover it, no more."""
    lock(db, staff_id)
    said = check_reason(reason, "split")
    whole = correctable(db, staff_id, patient_id, care_time_id)
    if any(part.program not in PROGRAMS for part in parts):
        raise Refused(f"The program must be one of: {', '.join(PROGRAMS)}.")
    if cut_ms % _MINUTE_MS or not whole.start_ms < cut_ms < whole.end_ms:
        raise Refused("Cut the interval at a full minute that lies within it.")
    if parts[0].work.note.strip() == parts[1].work.note.strip():
        raise Refused("Each part needs a note of its own: what was done in these minutes.")
    spans = ((whole.start_ms, cut_ms), (cut_ms, whole.end_ms))
    made = []
    for number, (part, (start_ms, end_ms)) in enumerate(zip(parts, spans, strict=True)):
        span = Span(patient_id=patient_id, program=part.program, start_ms=start_ms, end_ms=end_ms)
        origin = Origin(
            corrects=whole.id if number == 0 else None,
            reason=said,
            split_from=whole.id,
            links=_share(links_of(db, [whole.id])[whole.id], parts, number),
        )
        made.append(record(db, staff_id, span, part.work, origin, at_ms=at_ms))
    return made[0], made[1]


def _share(links: Links, parts: tuple[Part, Part], number: int) -> Links:
    """Readings and alerts go to the RPM part, plans to the CCM part; else to the first."""
    programs = [part.program for part in parts]

    def mine(program: str) -> bool:
        return number == (programs.index(program) if program in programs else 0)

    return Links(
        readings=links.readings if mine("RPM") else (),
        alerts=links.alerts if mine("RPM") else (),
        plans=links.plans if mine("CCM") else (),
    )
