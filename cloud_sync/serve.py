"""The whole small clinic in one process: broker, ingest, opener, web.

In one process the web part could reach the recipient keys; a clinic that can run two units splits
them. The first part that ends, for whatever reason, ends all of them: a supervisor starts anew.
"""

import asyncio
import contextlib
import signal
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import uvicorn
import uvloop
from litestar import Litestar, Router

from cloud_sync import setup, stores
from cloud_sync.anchor import Anchor
from cloud_sync.config import ClinicConfig
from cloud_sync.crew import Crew
from cloud_sync.identity import access, enrolment_route, keys, keyset, services
from cloud_sync.identity.services import Services
from cloud_sync.ingest import broker, control, store as kept, subscribe
from cloud_sync.ingest.broker import Broker
from cloud_sync.ingest.subscribe import Subscriber
from cloud_sync.ledger import schema, sealing
from cloud_sync.ledger.engine import Store
from cloud_sync.opening.opener import Opener
from cloud_sync.reopener import Reopener

_REQUEST_SECONDS = 5

AppFactory = Callable[..., Litestar]


@dataclass(frozen=True, kw_only=True)
class _Parts:
    """What runs beside the web."""

    store: Store
    services: Services
    opener: Opener
    subscriber: Subscriber
    broker: Broker
    anchor: Anchor
    reopener: Reopener


def run(
    config: ClinicConfig, *, build: AppFactory | None = None, ready: Callable[[], None]
) -> None:
    """Serve until SIGTERM or SIGINT; PartEnded if a part fails. Call it on the main thread.

    `ready` is called once every port is open; `build` makes another web application.
    """
    with contextlib.ExitStack() as stack:
        web, local = _listen(stack, config)
        store = stores.open_own(config)
        stack.callback(store.close)
        schema.upgrade(store)
        with store.read() as db:
            sealing.check(db)
        kept.forget_links(store)
        parts = _start(stack, config, store)
        app = (build or _web_app())(
            store=store, config=config, clock=_clock, routers=[_enrolment(config, parts)]
        )
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_serve(app, parts, config, (web, local), ready))


def _start(stack: contextlib.ExitStack, config: ClinicConfig, store: Store) -> _Parts:
    issuer = services.load_authority(config.directory)
    files = services.issue(config.directory, issuer, config.host, setup.now())
    opener = Opener(store, keys.load_recipients(config.keys), _clock)
    with store.read() as db:
        hubs = access.active_hubs(db)
    running = stack.enter_context(Broker(broker.write_configuration(config, files, hubs)))
    return _Parts(
        store=store,
        services=files,
        opener=opener,
        subscriber=Subscriber(_ingest_settings(config, store, opener)),
        broker=running,
        anchor=Anchor(config, store, _clock),
        reopener=Reopener(store, _clock),
    )


def _ingest_settings(config: ClinicConfig, store: Store, opener: Opener) -> subscribe.Settings:
    published = keyset.load(config.directory)
    listed = {recipient.id: recipient.suite for recipient in published.recipients}
    return subscribe.Settings(
        store=store,
        clinic=config.clinic_id,
        keyset=keyset.load_signed(config.directory),
        # An envelope that nobody could open is refused while its hub still has the reading.
        keys={key: suite for key, suite in listed.items() if opener.keys().get(key) == suite},
        min_suite=published.min_suite,
        signer=keys.load_receipt(config.keys),
        clock=_clock,
        committed=opener.wake,
    )


def _enrolment(config: ClinicConfig, parts: _Parts) -> Router:
    def admit(hub_id: str) -> None:
        failures = control.apply(parts.services, config.worker_port, access.admit(hub_id))
        assert not failures, failures

    return enrolment_route.build_router(
        enrolment_route.Desk(
            store=parts.store,
            authority=services.load_authority(config.directory),
            clinic=config.clinic_id,
            keyset=keyset.load_signed(config.directory),
            broker_host=config.host,
            broker_port=config.broker_port,
            clock=_clock,
            admitted=admit,
        )
    )


def _web_app() -> AppFactory:
    from cloud_sync.web.app import build_app  # type: ignore[import-not-found, unused-ignore]

    factory: AppFactory = build_app
    return factory


def _listen(
    stack: contextlib.ExitStack, config: ClinicConfig
) -> tuple[socket.socket, socket.socket | None]:
    """The web's ports, before anything else starts: a taken one is told at once."""
    web = stack.enter_context(socket.create_server((config.bind or "", config.web_port)))
    if config.local_web_port is None:
        return web, None
    return web, stack.enter_context(socket.create_server(("127.0.0.1", config.local_web_port)))


async def _serve(
    app: Litestar,
    parts: _Parts,
    config: ClinicConfig,
    listeners: tuple[socket.socket, socket.socket | None],
    ready: Callable[[], None],
) -> None:
    crew = Crew()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, crew.dismiss)
    crew.hire("broker", parts.broker.wait)
    crew.hire("opener", parts.opener.run)
    crew.hire("anchor", parts.anchor.run)
    crew.hire("reopener", parts.reopener.run)
    crew.hire("ingest", lambda: parts.subscriber.run(parts.services, config.worker_port))
    web, local = listeners
    servers = [(_server(app, parts.services), web)]
    if local is not None:
        servers.append((_server(app, None), local))
    tasks = [asyncio.create_task(server.serve([listener])) for server, listener in servers]
    for task in tasks:
        task.add_done_callback(lambda _task: crew.done.set())
    try:
        # uvicorn has no event to wait for.
        while not all(server.started for server, _ in servers) and not crew.done.is_set():  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        if not crew.done.is_set():
            ready()
        await crew.done.wait()
    finally:
        for server, _ in servers:
            server.should_exit = True
        await asyncio.gather(*tasks)
        await asyncio.to_thread(_leave, crew, parts)
    crew.report()


def _leave(crew: Crew, parts: _Parts) -> None:
    """In the order of the data: nothing in flight is dropped, and the broker goes last."""
    parts.subscriber.stop()
    crew.see_off("ingest")
    parts.opener.stop()
    crew.see_off("opener")
    parts.anchor.stop()
    crew.see_off("anchor")
    parts.reopener.stop()
    crew.see_off("reopener")
    parts.broker.stop()
    crew.see_off("broker")


class _QuietServer(uvicorn.Server):
    """uvicorn without its own signal handlers: one handler ends all parts."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _server(app: Litestar, files: Services | None) -> _QuietServer:
    """The web by HTTPS, or by plain HTTP on loopback, where a proxy may name the real peer."""
    tls: dict[str, Any] = {}
    if files is not None:
        tls = {
            "ssl_keyfile": files.web.key,
            "ssl_certfile": files.web.certificate,
            "ssl_version": ssl.PROTOCOL_TLS_SERVER,
        }
    return _QuietServer(
        uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=files is None,
            lifespan="off",
            timeout_graceful_shutdown=_REQUEST_SECONDS,
            **tls,
        )
    )


def _clock() -> int:
    return time.time_ns() // 1_000_000
