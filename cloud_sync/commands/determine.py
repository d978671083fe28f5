"""`vitals-clinic determine`: which codes a patient's facts earn, and why the others are not."""

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import msgspec
from cyclopts import Parameter

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from cloud_sync.fees.schedule import Schedule
    from cloud_sync.rules.calendar import Span

T = TypeVar("T")
BAD_CASE = 1  # a case file was read, but is none
BAD_USE = 2  # there is nothing to read, or the options do not go together


class _Refused(Exception):  # noqa: N818 - not an error of the program: the user is told what to do
    """What to tell the user, in place of a result."""


def determine(  # noqa: PLR0913 - one option each
    case: Path | None = None,
    *,
    batch: Annotated[bool, Parameter(negative="")] = False,
    patient: str | None = None,
    clinic: Path | None = None,
    month: str | None = None,
    as_of: str | None = None,
    json: Annotated[bool, Parameter(negative="")] = False,
    explain: Annotated[bool, Parameter(negative="")] = False,
    fees: Path | None = None,
) -> int:
    """Say which codes a case earns, which it does not, and every reason why.

    Example: vitals-clinic determine case.json --explain
    Example: vitals-clinic determine --patient 6f1c... --clinic /srv/clinic --month 2026-11

    Parameters
    ----------
    case
        A case file.
    batch
        Read a JSON array of case files on standard input, print the array of determinations.
        A case that cannot be read has {"case", "error"} in its place, and the exit code is 1.
    patient
        A live patient's id, instead of a case file; needs --clinic.
    clinic
        The clinic's directory.
    month
        Only what ends in this month, as 2026-11. Only with --patient.
    as_of
        Ask as if it were this instant, e.g. 2026-11-24T09:00:00-07:00. Only with --patient.
    json
        Print the determination as JSON.
    explain
        Name the days and minutes each line rests on; of a live patient, what can still be reached.
    fees
        Show each line's amount by this fee schedule, for orientation; see `vitals-clinic fees`.
        With --clinic, the schedule in the clinic's directory is shown if there is one. Amounts
        are shown to a person only: with --json or --batch this option is refused.

    """
    try:
        _check_use(fees, for_script=batch or json)
        if batch:
            return _batch(case, patient)
        span = _month(month, patient)
        document = _document(case, patient, clinic, as_of, month)
        ahead = _ahead(patient, clinic, as_of) if explain and patient and not json else ()
        schedule = None if json else _schedule(fees, clinic)
    except _Refused as problem:
        sys.stderr.write(f"vitals-clinic determine: {problem}\n")
        return BAD_USE
    return _one(document, span, as_json=json, explain=explain, ahead=ahead, schedule=schedule)


def _month(month: str | None, patient: str | None) -> "Span | None":
    from cloud_sync.rules.calendar import month_named

    if month is None:
        return None
    if patient is None:
        raise _Refused("--month is for a live patient: give --patient and --clinic.")
    try:
        return month_named(month)
    except ValueError as error:
        raise _Refused("write --month like 2026-11.") from error


def _check_use(fees: Path | None, *, for_script: bool) -> None:
    if fees is not None and for_script:
        raise _Refused("--fees is for the eye: no determination has an amount in it.")


def _schedule(fees: Path | None, clinic: Path | None) -> "Schedule | None":
    """The schedule that was asked for, or the one the practice keeps with its clinic."""
    from cloud_sync.commands.fees import FILE, load
    from cloud_sync.fees.schedule import Schedule

    path = clinic / FILE if fees is None and clinic is not None else fees
    if path is None or (fees is None and not path.exists()):
        return None
    found = load(path)
    if not isinstance(found, Schedule):
        raise _Refused(f"{path} is no fee schedule: {found}. `vitals-clinic fees` has an example.")
    return found


def _one(  # noqa: PLR0913 - how the answer is to be shown
    document: Mapping[str, object],
    month: "Span | None",
    *,
    as_json: bool,
    explain: bool,
    ahead: Sequence[str],
    schedule: "Schedule | None",
) -> int:
    from cloud_sync.rules import determine as determination_of

    found = determination_of(document, month=month)
    if as_json:
        _print_json(found)
    elif "error" in found:
        sys.stderr.write(f"This is no case file. {found['error']}\n")
    else:
        from rich.console import Console

        from cloud_sync.commands.determination_text import show, show_amounts

        console = Console(soft_wrap=True)
        show(found, console, explain=explain, ahead=ahead)
        if schedule is not None:
            show_amounts(found, schedule, console)
    return BAD_CASE if "error" in found else 0


def _batch(case: Path | None, patient: str | None) -> int:
    from cloud_sync.rules import determine as determination_of

    if case is not None or patient is not None:
        raise _Refused("--batch reads standard input; give no case file and no patient.")
    documents = _decoded(sys.stdin.buffer.read(), "standard input")
    if not isinstance(documents, list):
        raise _Refused("--batch wants a JSON array of case files on standard input.")
    found = [determination_of(document) for document in documents]
    _print_json(found)
    return BAD_CASE if any("error" in one for one in found) else 0


def _document(
    case: Path | None,
    patient: str | None,
    clinic: Path | None,
    as_of: str | None,
    month: str | None,
) -> Mapping[str, object]:
    if patient is not None:
        if case is not None or clinic is None:
            raise _Refused("--patient needs --clinic DIRECTORY, and no case file.")
        return _live(patient, clinic, as_of, month)
    if case is None or clinic is not None or as_of is not None:
        raise _Refused("give a case file, --batch, or --patient with --clinic.")
    try:
        raw = case.read_bytes()
    except OSError as error:
        raise _Refused(f"{case} cannot be read: {error.strerror}.") from error
    document: Mapping[str, object] = _decoded(raw, str(case))
    return document


def _decoded(raw: bytes, where: str) -> Any:  # noqa: ANN401 - any JSON document
    try:
        return msgspec.json.decode(raw)
    except msgspec.DecodeError as error:
        raise _Refused(f"{where} is no JSON: {error}.") from error


def _live(
    patient: str, directory: Path, as_of: str | None, month: str | None
) -> Mapping[str, object]:
    """A month is judged by the settings of its end, as it is when it is closed."""
    from cloud_sync.ledger.casefile import build_case
    from cloud_sync.ledger.month_facts import case_of_month
    from cloud_sync.ledger.people import find
    from cloud_sync.ledger.refused import Refused

    def of_month(db: "Connection", patient_id: str, at_ms: int) -> dict[str, Any]:
        assert month is not None
        try:
            return case_of_month(db, find(db, patient_id), month, at_ms)
        except Refused as refused:
            raise LookupError(str(refused)) from refused

    return _asked(of_month if month else build_case, patient, directory, as_of)


def _ahead(patient: str, directory: Path | None, as_of: str | None) -> tuple[str, ...]:
    """What can still be reached; a case file of its own knows nothing of hubs."""
    from cloud_sync.ledger.progress import forecast

    assert directory is not None, "checked with the case"
    return _asked(forecast, patient, directory, as_of)


def _asked(
    question: "Callable[[Connection, str, int], T]",
    patient: str,
    directory: Path,
    as_of: str | None,
) -> T:
    from sqlalchemy.exc import OperationalError

    from cloud_sync import config, stores

    at_ms = _as_of_ms(as_of)
    try:
        store = stores.open_own(config.load(directory))
    except FileNotFoundError as error:
        raise _Refused(f"{directory} is no clinic; run `vitals-clinic init` first.") from error
    try:
        with store.read() as db:
            return question(db, patient, at_ms)
    except LookupError as error:
        raise _Refused("there is no such patient; `vitals-clinic patient` lists them.") from error
    except OperationalError as error:
        raise _Refused("the clinic's database cannot be read; is it running?") from error
    finally:
        store.close()


def _as_of_ms(as_of: str | None) -> int:
    from datetime import UTC, datetime

    if as_of is None:
        return int(datetime.now(UTC).timestamp() * 1000)
    try:
        at = datetime.fromisoformat(as_of)
    except ValueError as error:
        raise _Refused("write --as-of like 2026-11-24T09:00:00-07:00.") from error
    if at.tzinfo is None:
        raise _Refused("--as-of needs an offset: 2026-11-24T09:00:00-07:00.")
    return int(at.timestamp() * 1000)


def _print_json(found: object) -> None:
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(found), indent=2).decode() + "\n")
