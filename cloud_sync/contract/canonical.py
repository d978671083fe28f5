"""Canonical JSON: one value, one text. A verifier needs only the standard library to repeat it."""

from decimal import Decimal
from typing import Any

import msgspec

_encoder = msgspec.json.Encoder(order="sorted", decimal_format="string")


def plain(value: Decimal) -> str:
    """Digits without an exponent: `Decimal("1E-7")` is `0.0000001` (wire-format rule D8)."""
    return format(value, "f")


def builtins(value: Any) -> Any:  # noqa: ANN401  any encodable value goes in, its JSON shape comes out
    """The value as dicts, lists, texts and numbers; decimals as plain text."""
    return _plain_decimals(msgspec.to_builtins(value, builtin_types=(Decimal,)))


def canonical(value: Any) -> bytes:  # noqa: ANN401  as builtins
    """The value's canonical JSON.

    Sorted keys, no white space, UTF-8; byte-identical to
    `json.dumps(v, sort_keys=True, separators=(",", ":"), ensure_ascii=False)`.
    """
    return _encoder.encode(builtins(value))


def _plain_decimals(value: Any) -> Any:  # noqa: ANN401  walks any JSON shape
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, dict):
        return {key: _plain_decimals(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain_decimals(item) for item in value]
    return value
