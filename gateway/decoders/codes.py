"""Codes and status bits as names. A code outside its list becomes `code_N`; it is never dropped."""

from collections.abc import Sequence


def name(code: int, names: dict[int, str]) -> str:
    """The name of `code`, or `code_N` with N in decimal."""
    return names.get(code, f"code_{code}")


def flags(status: int, names: Sequence[str | None]) -> tuple[str, ...]:
    """Names of the set bits, lowest bit first; None stands for a reserved bit, which is ignored."""
    return tuple(flag for bit, flag in enumerate(names) if flag and status >> bit & 1)
