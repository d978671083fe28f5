"""What every request needs, and what one request knows: the counter staff are served at."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import MediaType, Request, Response
from litestar.connection import ASGIConnection
from litestar.di import NamedDependency

from cloud_sync.config import ClinicConfig
from cloud_sync.ledger import care_time, erasures, people
from cloud_sync.ledger.engine import Store
from cloud_sync.ledger.sessions import Session
from cloud_sync.web import words
from cloud_sync.web.permissions import Permission, allowed

HERE = Path(__file__).parent
Page = Response[str]


@dataclass(frozen=True, kw_only=True)
class Counter:
    """The clinic's side: its database, settings and clock."""

    store: Store
    config: ClinicConfig
    clock: Callable[[], int]
    training: bool = False  # every page says so, and nothing here is ever billed


@dataclass(frozen=True, kw_only=True)
class Visit:
    """One signed-in request."""

    counter: Counter
    session: Session
    now_ms: int

    @property
    def store(self) -> Store:
        """The clinic's database."""
        return self.counter.store

    def may(self, permission: str) -> bool:
        """Whether to offer an action on a page; the guard decides again when it is used."""
        return allowed(self.session.role, Permission(permission))

    def page(self, name: str, *, status: int = 200, **values: Any) -> Page:  # noqa: ANN401
        """A page with the staff member's name, running clock and form token around it.

        Of a `patient`, it says whether the file was erased; a page may name more that was (`gone`).
        """
        values = self._erased(values.get("patient")) | values
        html = (
            templates()
            .get_template(name)
            .render(
                visit=self,
                clinic=self.counter.config.name,
                training=self.counter.training,
                form_token=self.session.form_token,
                now_ms=self.now_ms,
                zone=self.counter.config.zone,
                clock=self._clock(),
                **values,
            )
        )
        return Response(html, status_code=status, media_type=MediaType.HTML)

    def _erased(self, patient: object) -> dict[str, Any]:
        if not isinstance(patient, people.Patient):
            return {"gone": [], "file_gone": False}
        with self.store.read() as db:
            files = [one for one in erasures.of_patient(db, patient.id) if not one.period]
        return {"gone": files, "file_gone": bool(files)}

    def _clock(self) -> dict[str, Any] | None:
        with self.store.read() as db:
            running = care_time.running(db, self.session.staff_id)
            if running is None:
                return None
            patient = people.find(db, running.patient_id)
        return {
            "program": running.program,
            "patient_id": patient.id,
            "patient_name": patient.name,
            "started_at_ms": running.started_at_ms,
            "seconds": max(0, (self.now_ms - running.started_at_ms) // 1000),
            "zone": patient.zone,
        }


def counter_of(connection: ASGIConnection[Any, Any, Any, Any]) -> Counter:
    """The counter of the application that serves this connection."""
    counter: Counter = connection.app.state.counter
    return counter


def visit(request: Request[Any, Session, Any]) -> Visit:
    """The dependency `visit` of every handler behind the guard."""
    counter = counter_of(request)
    return Visit(counter=counter, session=request.auth, now_ms=counter.clock())


SignedIn: TypeAlias = NamedDependency[Visit]  # how a handler asks for it


def bare_page(counter: Counter, name: str, *, status: int = 200, **values: Any) -> Page:  # noqa: ANN401
    """A page for somebody who is not signed in."""
    html = (
        templates()
        .get_template(name)
        .render(
            visit=None,
            clinic=counter.config.name,
            training=counter.training,
            clock=None,
            **values,
        )
    )
    return Response(html, status_code=status, media_type=MediaType.HTML)


@cache
def templates() -> Environment:
    """The pages, everything escaped; an undefined name is an error, not an empty string."""
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(words.FILTERS)
    return environment
