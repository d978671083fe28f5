"""`vitals-clinic alerts`: thresholds of patients, and the alerts that nobody is done with."""

from pathlib import Path
from typing import Annotated

import cyclopts

Json = Annotated[bool, cyclopts.Parameter(name="--json", negative=())]

app = cyclopts.App(name="alerts", help="Set thresholds of a patient; list alerts and thresholds.")


@app.command
def threshold(  # noqa: PLR0913 - one flag a column
    directory: Path,
    patient: str,
    measure: str,
    *,
    reason: str,
    low: str = "",
    high: str = "",
) -> None:
    """Set from now on below and above which a fresh reading raises an alert.

    Without --low and --high, no reading of this measure raises one any more.

    Example: vitals-clinic alerts threshold /srv/clinic 6f1c... systolic --low 90 --high 160
    --reason "Dr Lee, order of 1 November"

    Parameters
    ----------
    directory
        The clinic's directory.
    patient
        The patient's id, as `patient list` shows it.
    measure
        systolic, diastolic (mmHg), pulse (/min), glucose (mg/dL), spo2 (%), temperature (degrees
        Celsius) or weight (kg).
    reason
        Who asked for it, or why.
    low
        An alert below this value.
    high
        An alert above this value.

    """
    from cloud_sync.alerts import store as alerts
    from cloud_sync.commands.opened import opened, say
    from cloud_sync.ledger.staff import OPERATOR

    with opened(directory) as clinic:
        with clinic.store.write() as db:
            alerts.set_threshold(
                db,
                patient_id=patient,
                measure=measure,
                low=low,
                high=high,
                reason=reason,
                author=OPERATOR,
                at_ms=clinic.at_ms,
            )
        say("The threshold holds from now on.")


@app.command(name="list")
def list_alerts(directory: Path, patient: str, *, as_json: Json = False) -> None:
    """Show a patient's thresholds and alerts.

    Example: vitals-clinic alerts list /srv/clinic 6f1c... --json

    Parameters
    ----------
    directory
        The clinic's directory.
    patient
        The patient's id, as `patient list` shows it.
    as_json
        Print {"thresholds": [...], "alerts": [...]}.

    """
    from dataclasses import asdict

    from cloud_sync.alerts import store as alerts
    from cloud_sync.commands.opened import opened, say, say_json, say_table
    from cloud_sync.ledger import people
    from cloud_sync.ledger.local_time import local

    with opened(directory) as clinic, clinic.store.read() as db:
        zone = people.find(db, patient).zone
        holding = alerts.thresholds(db, [patient]).get(patient, {})
        found = alerts.of_patient(db, patient)
    limits = [
        {
            "measure": one.measure,
            "low": None if one.bounds.low is None else f"{one.bounds.low:f}",
            "high": None if one.bounds.high is None else f"{one.bounds.high:f}",
            "reason": one.reason,
        }
        for one in holding.values()
    ]
    if as_json:
        say_json({"thresholds": limits, "alerts": [asdict(one) for one in found]})
        return
    say_table(
        ("Measure", "Below", "Above", "Why"),
        [
            (str(one["measure"]), one["low"] or "", one["high"] or "", str(one["reason"]))
            for one in limits
        ],
    )
    for one in found:
        state = "done" if one.done else "open"
        at = f"{local(one.raised_at_ms, zone):%Y-%m-%d %H:%M}"
        say(f"{at}  {one.measure} {one.value}, {one.side} against {one.bound}: {state}")
