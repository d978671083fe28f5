"""The hub's Bluetooth controller, offered as HCI over loopback TCP; a lost host drops its links."""

import asyncio

from bumble import hci, ll
from bumble.controller import Controller
from bumble.link import LocalLink
from bumble.transport.common import StreamPacketSource

from tests.virtual.peripheral import controller

LINK_LOST = hci.HCI_ErrorCode.CONNECTION_TIMEOUT_ERROR


class _HostConnection(StreamPacketSource):
    """One host process; its controller exists exactly as long as its TCP connection."""

    def __init__(self, link: LocalLink, address: str | None) -> None:
        super().__init__()
        self._link, self._address = link, address
        self._transport: asyncio.Transport | None = None
        self._controller: Controller | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._controller = controller("hub", self._link, self, self)
        if self._address is not None:
            self._controller.public_address = hci.Address(
                self._address, hci.Address.PUBLIC_DEVICE_ADDRESS
            )

    def on_packet(self, packet: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(packet)

    def connection_lost(self, _error: Exception | None) -> None:
        gone, self._controller, self._transport = self._controller, None, None
        if gone is None:
            return
        gone.host = None
        for connection in gone.le_connections.values():
            self._end(gone, connection.peer_address)
        self._link.remove_controller(gone)

    def _end(self, gone: Controller, address: hci.Address) -> None:
        """The peer notices, as after a supervision timeout."""
        peer = self._link.find_le_controller(address)
        if peer is None:
            return
        for theirs in list(peer.le_connections.values()):
            if theirs.peer_address in (gone.random_address, gone.public_address):
                peer.on_ll_control_pdu(theirs.peer_address, ll.TerminateInd(LINK_LOST))

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()


class AdapterServer:
    """Accepts hosts; more than one at a time is allowed, as several dongles would be."""

    def __init__(self, link: LocalLink, address: str | None = None) -> None:
        self._link, self._address = link, address
        self._hosts: list[_HostConnection] = []
        self._server: asyncio.Server | None = None
        self.port = 0

    @classmethod
    async def open(
        cls, link: LocalLink, *, port: int = 0, address: str | None = None
    ) -> "AdapterServer":
        """`address`: the adapter's own, which a kernel wants and a Bumble host brings along."""
        made = cls(link, address)
        loop = asyncio.get_running_loop()
        made._server = await loop.create_server(made._host, "127.0.0.1", port)
        made.port = made._server.sockets[0].getsockname()[1]
        return made

    async def close(self) -> None:
        assert self._server is not None
        self._server.close()
        for host in self._hosts:
            host.close()
        await self._server.wait_closed()

    def _host(self) -> _HostConnection:
        host = _HostConnection(self._link, self._address)
        self._hosts.append(host)
        return host
