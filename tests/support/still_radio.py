"""The part of a radio that a test of another part leaves alone."""

import asyncio

from gateway.sessions.link import Ears, Sighting, Watch


class StillRadio:
    """Attends to nobody; bonds are none of its business."""

    def watch(self, watch: Watch) -> None:
        """Whoever it is."""

    async def attend(self, ears: Ears, /) -> None:
        assert ears is not None
        await asyncio.Event().wait()

    async def forget(self, _sighting: Sighting, /) -> None:
        raise AssertionError

    async def unpair(self, _device: str, /) -> bool:
        raise AssertionError
