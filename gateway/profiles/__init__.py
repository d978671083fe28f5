"""The device profiles of `firmware_profiles`, loaded and validated once, and looked up.

A profile that is wrong ends the process at start, naming its file: it ships with the program.
"""

import tomllib
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

import msgspec

from gateway.decoders import CHANNELS
from gateway.profiles.matching import Ambiguous, Unmatched, match as _match
from gateway.profiles.model import Channel, Clock, Evidence, Link, Match, Profile, Session

__all__ = [
    "Ambiguous",
    "Channel",
    "Clock",
    "Evidence",
    "Link",
    "Match",
    "Profile",
    "ProfileError",
    "Session",
    "Unmatched",
    "find",
    "load",
    "match",
    "parse",
]
_FIXTURE = ".fixture.toml"


class ProfileError(ValueError):
    """A profile file that says something no profile may; the text names file and key."""


@cache
def load() -> tuple[Profile, ...]:
    """Every profile of the package, by id."""
    return tuple(sorted(map(_read, _paths()), key=lambda profile: profile.id))


def find(profile_id: str) -> Profile | None:
    """The profile of this id (`maker/model`)."""
    return next((profile for profile in load() if profile.id == profile_id), None)


def match(local_name: str | None, service_uuids: Iterable[str]) -> Profile | Unmatched | Ambiguous:
    """The one profile this advertisement fits; two are an error value, never first-wins."""
    return _match(load(), local_name, service_uuids)


def parse(profile_id: str, text: str) -> Profile:
    """The profile in `text`, or `ProfileError`. `profile_id` is what its path says."""
    try:
        profile = msgspec.convert(tomllib.loads(text), Profile)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise ProfileError(f"{profile_id}: {error}") from error
    if profile.id != profile_id:
        raise ProfileError(f"{profile_id}: the id does not equal the path")
    for channel in profile.channel:
        if channel.decoder not in CHANNELS:
            raise ProfileError(f"{profile_id}: no decoder is called {channel.decoder}")
    return profile


def _paths() -> list[tuple[str, Traversable]]:
    return [
        (f"{maker.name}/{path.name.removesuffix('.toml')}", path)
        for maker in files("firmware_profiles").iterdir()
        if maker.is_dir()
        for path in maker.iterdir()
        if path.name.endswith(".toml") and not path.name.endswith(_FIXTURE)
    ]


def _read(entry: tuple[str, Traversable]) -> Profile:
    profile_id, path = entry
    return parse(profile_id, path.read_text("utf-8"))
