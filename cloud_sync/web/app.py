"""Builds the clinic's web application: pages and JSON for staff, and whatever routers are mounted.

No API pages are served: they would load scripts from elsewhere.
"""

from collections.abc import Callable, Sequence
from typing import Any

from litestar import Litestar, Router
from litestar.datastructures import State
from litestar.di import Provide
from litestar.exceptions import HTTPException
from litestar.static_files import create_static_files_router

from cloud_sync.config import ClinicConfig
from cloud_sync.ledger.engine import Store
from cloud_sync.ledger.refused import Refused
from cloud_sync.ledger.training import is_training
from cloud_sync.web import errors
from cloud_sync.web.counter import HERE, Counter, visit
from cloud_sync.web.forms import read
from cloud_sync.web.guards import guard
from cloud_sync.web.headers import add_headers
from cloud_sync.web.pages import (
    account,
    alarms,
    alerts,
    api,
    closing,
    device,
    file,
    hubs,
    patient,
    patients,
    releases,
    review,
    self_audit,
    time,
    training,
    work,
)
from cloud_sync.web.permissions import Permission

_MAX_BODY_BYTES = 256 * 1024
_PAGES = (
    account,
    patients,
    patient,
    review,
    work,
    time,
    file,
    closing,
    releases,
    device,
    hubs,
    alarms,
    alerts,
    self_audit,
    training,
    api,
)


def build_app(
    *,
    store: Store,
    config: ClinicConfig,
    clock: Callable[[], int],
    routers: Sequence[Router] = (),
) -> Litestar:
    """The application. `clock` gives milliseconds since 1970 UTC; `routers` serve machines."""
    static = create_static_files_router(
        path="/static", directories=[HERE / "static"], opt={"permission": Permission.PUBLIC}
    )
    machines = Router(
        path="/", route_handlers=list(routers), opt={"permission": Permission.MACHINE}
    )
    with store.read() as db:
        counter = Counter(store=store, config=config, clock=clock, training=is_training(db))
    # One router, registered once: two handlers of one path given to the application singly would
    # have the first wrapped into a thread twice (Litestar 2.25, `Litestar.register`).
    handlers: list[Any] = [handler for page in _PAGES for handler in page.HANDLERS]
    pages = Router(path="/", route_handlers=handlers)
    return Litestar(
        route_handlers=[pages, static, machines],
        dependencies={"visit": Provide(visit, sync_to_thread=False), "form": Provide(read)},
        guards=[guard],
        before_send=[add_headers],
        exception_handlers={
            Refused: errors.refused,
            HTTPException: errors.http,
            Exception: errors.unexpected,
        },
        state=State({"counter": counter, "audits": self_audit.Audits()}),
        openapi_config=None,
        logging_config=None,
        request_max_body_size=_MAX_BODY_BYTES,
    )
