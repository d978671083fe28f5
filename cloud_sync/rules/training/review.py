"""What is good about a trainee's log, and what is missing: by the note rules of the product.

A sound note says what was done, why, for which program, by whom, how long (rules 11). A computer
sees words, not sense: a person's marks stand beside these.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

from cloud_sync.rules.notes import is_mixed, is_vague, words_of
from cloud_sync.rules.shape import Role
from cloud_sync.rules.tables import NoteWords
from cloud_sync.rules.training.scenario import Expected, ExpectedPaper, Scenario

LIVE_MODES = frozenset({"phone", "video", "in_person"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Logged:
    """One entry of the trainee's, in force."""

    id: str
    program: str
    start: datetime
    end: datetime
    note: str
    mode: str
    interactive: bool
    direction: str | None
    party: str | None
    measured: bool
    role: Role
    readings: int  # that are linked to it


@dataclass(frozen=True, kw_only=True, slots=True)
class Mark:
    """One thing that was looked at: good or not, and the words for it."""

    good: bool
    words: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """Marks of each entry by id, and of the case as a whole."""

    entries: Mapping[str, tuple[Mark, ...]]
    whole: tuple[Mark, ...]

    @property
    def sound(self) -> bool:
        """Whether nothing is missing."""
        marks = [*self.whole, *(mark for marks in self.entries.values() for mark in marks)]
        return all(mark.good for mark in marks)


def review(
    scenario: Scenario,
    log: Sequence[Logged],
    papers: Sequence[tuple[str, Mapping[str, Any]]],
    words: NoteWords,
) -> Verdict:
    """Compare the log, and what was put on file (kind and entry), with what a good one holds."""
    return Verdict(
        entries={one.id: tuple(_entry(scenario, one, words)) for one in log},
        whole=(*_whole(scenario, log), *(_paper(one, papers) for one in scenario.papers)),
    )


def _entry(scenario: Scenario, one: Logged, words: NoteWords) -> Iterator[Mark]:
    yield from _note(one, words)
    expected = next((want for want in scenario.entries if want.program == one.program), None)
    if one.program == "other":
        yield Mark(good=True, words="Recorded as “other”: it counts for neither program.")
        return
    if expected is None:
        reason = scenario.nothing or f"Nothing in this case is {one.program} work."
        yield Mark(good=False, words=f"Counted for {one.program}: {reason}")
        return
    yield Mark(good=True, words=f"For {one.program}: {expected.what}.")
    yield from _ideas(one, expected)
    yield from _contact(one, expected)
    if expected.readings:
        yield _either(
            one.readings > 0,
            "The readings it worked on are linked.",
            "No reading is ticked: tick what you looked at, it is the proof of the work.",
        )


def _note(one: Logged, words: NoteWords) -> Iterator[Mark]:
    yield _either(
        not is_vague(one.note, words),
        "The note says what was done.",
        "The note is vague, so none of this time counts: say what you looked at, what you found"
        " and what was agreed.",
    )
    yield _either(
        not is_mixed(one.note, words),
        "The note keeps to one program.",
        "The note speaks of both programs: stop and switch, with a note for each part.",
    )
    yield _either(
        one.role != "non_clinical",
        "Done by clinical staff.",
        "Your account is not clinical staff: none of this time counts.",
    )
    yield _either(
        one.measured,
        "Measured by the clock.",
        "Typed in, and marked as late for ever: start the clock when the work starts.",
    )


def _ideas(one: Logged, expected: Expected) -> Iterator[Mark]:
    text = f" {' '.join(words_of(one.note))} "
    for idea in expected.ideas:
        spoken = any(f" {word} " in text for word in idea.words)
        yield _either(
            spoken,
            f"It tells {idea.about}.",
            f"It does not tell {idea.about} (for example: {', '.join(idea.words[:3])}).",
        )


def _contact(one: Logged, expected: Expected) -> Iterator[Mark]:
    live = one.interactive and one.mode in LIVE_MODES
    if expected.live is True:
        yield _either(
            live,
            "The live conversation is recorded.",
            "There was a live conversation, and it is not recorded: the month needs one.",
        )
        yield _either(
            one.direction is not None and one.party is not None,
            "Who called whom is recorded.",
            "Say who began the call and who was spoken to.",
        )
    elif expected.live is False:
        yield _either(
            not live,
            "No live contact is claimed: there was none.",
            "A live contact is claimed, but nobody was spoken to: a voicemail is none.",
        )
    if expected.modes:
        yield _either(
            one.mode in expected.modes,
            "The way of contact is right.",
            f"The way of contact is wrong: it was {' or '.join(expected.modes)}.",
        )
    if expected.party is not None and one.party is not None:
        yield _either(
            one.party == expected.party,
            f"The {expected.party} was spoken to.",
            f"It was the {expected.party} who was spoken to.",
        )


def _whole(scenario: Scenario, log: Sequence[Logged]) -> Iterator[Mark]:
    programs = [one.program for one in log]
    for want in scenario.entries:
        yield _either(
            want.program in programs,
            f"There is an entry for {want.program}.",
            f"An entry for {want.program} is missing: {want.what}.",
        )
    if not scenario.entries:
        billed = [one for one in programs if one != "other"]
        yield _either(
            not billed,
            f"No time was counted. Right: {scenario.nothing}",
            f"Time was counted for {' and '.join(sorted(set(billed)))}. {scenario.nothing}",
        )
    if len({want.program for want in scenario.entries}) > 1:
        spans = sorted((one.start, one.end) for one in log)
        apart = all(first[1] <= second[0] for first, second in pairwise(spans))
        yield _either(
            apart and len(set(programs)) > 1,
            "The call is split, and no minute is in two programs.",
            "One call, two programs: it must be split at the minute, with a note for each part.",
        )


def _paper(want: ExpectedPaper, papers: Sequence[tuple[str, Mapping[str, Any]]]) -> Mark:
    there = any(
        kind == want.kind
        and all(body.get(key) == value for key, value in want.keys.items())
        and all(body.get(key) for key in want.present)
        for kind, body in papers
    )
    return _either(there, f"On file: {want.what}.", f"Not on file: {want.what}.")


def _either(good: bool, yes: str, no: str) -> Mark:
    return Mark(good=good, words=yes if good else no)
