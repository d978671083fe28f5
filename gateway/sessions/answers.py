"""What bluetoothd may ask a person while a device pairs, and who answers for them.

A question may take as long as a person does; None is a refusal.
"""

from typing import Protocol


class Answers(Protocol):
    """Somebody beside the device. `capability` is what BlueZ negotiates with (`Agent1`)."""

    @property
    def capability(self) -> str: ...

    async def passkey(self) -> int | None:
        """The six digits the device shows."""
        ...

    async def pin(self) -> str | None:
        """The PIN its maker gave it."""
        ...

    async def same(self, number: int) -> bool:
        """Whether the device shows this number."""
        ...

    def show(self, digits: str) -> None:
        """Digits to be typed on the device."""
        ...


class Nobody:
    """No display and no keyboard: just works pairs inside a window, a passkey does not."""

    capability = "NoInputNoOutput"

    async def passkey(self) -> int | None:
        return None

    async def pin(self) -> str | None:
        return None

    async def same(self, number: int) -> bool:
        """Without a display BlueZ puts Just Works as this question; there is nothing to compare."""
        return number >= 0

    def show(self, digits: str) -> None:
        """There is no display."""


class Typed:
    """Digits that were given beforehand: the six the meter shows, or its maker's fixed PIN."""

    capability = "KeyboardDisplay"

    def __init__(self, digits: str) -> None:
        self._digits = digits

    async def passkey(self) -> int | None:
        return int(self._digits) if len(self._digits) <= 6 else None

    async def pin(self) -> str | None:
        return self._digits

    async def same(self, number: int) -> bool:
        return number == int(self._digits)

    def show(self, digits: str) -> None:
        """The meter wants to be typed at; none in the catalogue has a keyboard."""
