"""What the clinic knows of a patient's hubs: up to when everything has arrived, and outages.

Known from what is held, nothing else: when the hub had a reading and when it was committed, the
hub's last state message, and whether its link is up. What these do not show is unknown.
"""

from datetime import UTC, datetime

from sqlalchemy import Connection, or_, select

from cloud_sync.ledger import hubs
from cloud_sync.ledger.tables import assignment, observation
from cloud_sync.rules.forecast import Contact

_WORTH_KNOWING_MS = 3_600_000  # shorter waits are the network's ordinary course


def contact(db: Connection, patient_id: str, at_ms: int) -> Contact:
    """Of every hub that ever brought a reading of the patient's devices."""
    owned = select(assignment.c.device_id).where(assignment.c.patient_id == patient_id)
    rows = db.execute(
        select(
            observation.c.hub_id, observation.c.received_at_ms, observation.c.committed_at_ms
        ).where(
            or_(observation.c.patient_id == patient_id, observation.c.device_id.in_(owned)),
            observation.c.committed_at_ms <= at_ms,
        )
    ).all()
    heard: dict[str, int] = {}
    outages = []
    for row in rows:
        heard[row.hub_id] = max(heard.get(row.hub_id, 0), row.received_at_ms)
        if row.committed_at_ms - row.received_at_ms >= _WORTH_KNOWING_MS:
            outages.append((row.received_at_ms, row.committed_at_ms))
    known = {one.id: one for one in hubs.everything(db, heard)}
    complete = []
    for hub_id, delivered_ms in heard.items():
        hub = known.get(hub_id)
        to_ms = max(delivered_ms, _complete_to(hub, at_ms)) if hub else delivered_ms
        complete.append(to_ms)
        if hub is not None and not hub.link_up and at_ms - to_ms >= _WORTH_KNOWING_MS:
            outages.append((to_ms, at_ms))
    return Contact(
        complete_to=_instant(min(complete)) if complete else None,
        outages=tuple((_instant(since), _instant(until)) for since, until in sorted(outages)),
    )


def _complete_to(hub: hubs.Hub, at_ms: int) -> int:
    """A hub that holds nothing has delivered all; one that is connected does so at once."""
    report = hub.report
    if report is None or hub.state_at_ms is None:
        return 0
    if report.held:
        return report.oldest_held_ms or 0
    return at_ms if hub.link_up else hub.state_at_ms


def _instant(at_ms: int) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, UTC)
