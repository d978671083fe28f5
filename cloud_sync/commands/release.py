"""`vitals-clinic release`: hand the lines of signed months to billing, as a charge list."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TextIO

import cyclopts

from cloud_sync.commands.patient import AUTHOR, Json

if TYPE_CHECKING:
    from cloud_sync.commands.opened import Opened
    from cloud_sync.ledger.releasing import Outcome

ROUTE = "vitals-clinic release"
NOTHING = 1


def release(  # noqa: PLR0913 - one flag a column
    directory: Path,
    month: str,
    *,
    patient: Annotated[str | None, cyclopts.Parameter(help="Only this patient's id.")] = None,
    also: Annotated[list[str] | None, cyclopts.Parameter(negative=())] = None,
    dry_run: Annotated[bool, cyclopts.Parameter(negative=())] = False,
    again: Annotated[bool, cyclopts.Parameter(negative=())] = False,
    csv: Path | None = None,
    as_json: Json = False,
) -> int:
    """Release every signed month's billable lines to billing, once, and write the charge list.

    A month is released as it was signed. Should it be opened again, the release is void by itself
    and the month's page says so: the claim is to be corrected. The list of the next release then
    names the void one in `replaces`. A list has no amounts; writing one is noted in the log of
    views.

    Exit code 0 where something was (or would be) released or listed, 1 where nothing was, 2 where
    it was refused.

    Example: vitals-clinic release /srv/clinic 2026-01 --csv january.csv

    Parameters
    ----------
    directory
        The clinic's directory.
    month
        The calendar month, as 2026-01.
    patient
        Only this patient's id; refused, in words, where the month cannot be released.
    also
        With --patient: release a line that waits for a person's decision, and why, as
        "99458=Checked the log with the nurse"; of several, one as "99454/2026-01-02=...". Repeat it
        for each line. The reason is kept with the release.
    dry_run
        Only say what would be released.
    again
        Release nothing; list what stands released already.
    csv
        Write the charge list to this new file: one line a code.
    as_json
        Print an array of {"patient", "record_number", "release", "lines", "problem"}.

    """
    from cloud_sync.commands.opened import opened, say_json
    from cloud_sync.ledger.refused import Refused

    with opened(directory) as clinic:
        _check(month)
        if dry_run and (again or csv is not None):
            raise Refused("A dry run writes no list: leave out --again and --csv.")
        decisions = _decisions(also or [])
        if decisions and (patient is None or again):
            raise Refused("Name the patient of such a line by --patient ID, without --again.")
        with _created(csv) as file:
            if dry_run:
                found = _offered(clinic, month, patient, decisions)
            elif again:
                found = _known(clinic, month, patient)
            else:
                found = _released(clinic, month, patient, decisions)
            if file is not None:
                _write(clinic, file, month, found)
        rows = _plain(clinic, found)
    if as_json:
        say_json(rows)
    else:
        _show(rows, "would be released" if dry_run else "released")
    return 0 if any(one["lines"] for one in rows) else NOTHING


def _check(month: str) -> None:
    from cloud_sync.ledger.refused import Refused
    from cloud_sync.rules.calendar import month_named

    try:
        month_named(month)
    except ValueError:
        raise Refused("Write the month as 2026-01.") from None


def _decisions(also: list[str]) -> dict[str, str]:
    from cloud_sync.ledger.refused import Refused

    found: dict[str, str] = {}
    for one in also:
        name, equals, reason = one.partition("=")
        if not equals or name.strip() in found:
            raise Refused('Write each line once, as --also "99458=the reason".')
        found[name.strip()] = reason
    return found


@contextmanager
def _created(path: Path | None) -> Iterator[TextIO | None]:
    """Before anything is released, so that no list is missing; for nobody but its owner to read.

    Gone again where nothing came into it.
    """
    from cloud_sync.ledger.refused import Refused

    if path is None:
        yield None
        return
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise Refused(f"{path} cannot be written: {error.strerror}.") from None
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            yield file
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _offered(
    clinic: "Opened", month: str, only: str | None, decisions: dict[str, str]
) -> "list[Outcome]":
    from cloud_sync.ledger import releasing

    with clinic.store.read() as db:
        ids = [only] if only else releasing.waiting(db, month)
        found = [releasing.tried(db, one, month, clinic.at_ms, decisions) for one in ids]
    return _refused_alone(found, only)


def _known(clinic: "Opened", month: str, only: str | None) -> "list[Outcome]":
    from cloud_sync.ledger import people, release_rows
    from cloud_sync.ledger.releasing import Outcome

    with clinic.store.read() as db:
        everyone = [people.find(db, only)] if only else people.everyone(db)
        known = release_rows.of_month(db, month, [one.id for one in everyone])
    return [
        Outcome(patient_id=one.id, lines=newest.lines, release=newest)
        for one in everyone
        if one.id in known and (newest := known[one.id][-1]).stands
    ]


def _released(
    clinic: "Opened", month: str, only: str | None, decisions: dict[str, str]
) -> "list[Outcome]":
    from cloud_sync.ledger import releasing

    with clinic.store.read() as db:
        ids = [only] if only else releasing.waiting(db, month)
    made = releasing.make_all(
        clinic.store, ids, month, author=AUTHOR, at_ms=clinic.at_ms, decisions=decisions
    )
    return _refused_alone(list(made), only)


def _refused_alone(found: "list[Outcome]", only: str | None) -> "list[Outcome]":
    """Whoever asks for one patient hears why not as a refusal."""
    from cloud_sync.ledger.refused import Refused

    if only is not None and found[0].problem is not None:
        raise Refused(found[0].problem)
    return found


def _write(clinic: "Opened", file: TextIO, month: str, found: "list[Outcome]") -> None:
    """The list of these releases; each patient on it is noted in the log of views."""
    from cloud_sync.export.charges import charge_list
    from cloud_sync.ledger import audit, release_rows

    ids = [one.patient_id for one in found if one.release is not None]
    with clinic.store.read() as db:
        known = release_rows.of_month(db, month, ids)
        file.write(charge_list(db, [known[one] for one in ids]).decode())
    with clinic.store.write() as db:
        for one in ids:
            audit.record(db, staff_id=AUTHOR, patient_id=one, route=ROUTE, at_ms=clinic.at_ms)


def _plain(clinic: "Opened", found: "list[Outcome]") -> list[dict[str, Any]]:
    import msgspec

    from cloud_sync.ledger import people

    with clinic.store.read() as db:
        records = {one.id: one.record_number for one in people.everyone(db)}
    return [
        {
            "patient": one.patient_id,
            "record_number": records[one.patient_id],
            "release": one.release.id if one.release else None,
            "lines": [msgspec.to_builtins(line) for line in one.lines],
            "behind": [
                {**msgspec.to_builtins(line), "status": status} for line, status in one.behind
            ],
            "problem": one.problem,
        }
        for one in found
    ]


def _show(rows: list[dict[str, Any]], done: str) -> None:
    from cloud_sync.commands.opened import say, say_table

    if rows:
        say_table(
            ("Patient", "Record", "Lines", "Stays behind"),
            [
                (
                    one["patient"],
                    one["record_number"] or "",
                    ", ".join(f"{line['code']} x {line['units']}" for line in one["lines"]),
                    one["problem"] or ", ".join(map(_behind, one["behind"])),
                )
                for one in rows
            ],
        )
    months = sum(bool(one["lines"]) for one in rows)
    lines = sum(len(one["lines"]) for one in rows)
    say(f"{_count(months, 'month')} {done}, {_count(lines, 'line')} in all.")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _behind(line: dict[str, Any]) -> str:
    waits = {"held": "waits for its end", "needs_review": "a person must decide"}
    return f"{line['code']} from {line['from']}: {waits[line['status']]}"
