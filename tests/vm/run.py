"""The emulated machines: `python -m tests.vm.run [bookworm] [trixie]`, or `make test-vm`.

Prints a line a scenario and a summary as pytest does. Exit status 0: every scenario ran and passed;
1: one did not; 77: no guest can be made on this machine, and one sentence says why.
"""

import asyncio
import shutil
import signal
import sys
import time
from argparse import ArgumentParser, Namespace
from typing import NoReturn

from tests.vm import summary
from tests.vm.build import Image, image
from tests.vm.debian import CACHE, SUITES, Suite, Unbuildable
from tests.vm.lab import Lab, lab
from tests.vm.machine import scratch
from tests.vm.plan import Plan
from tests.vm.scenarios import ALL, NEEDED
from tests.vm.summary import FAILED, PASSED, SKIPPED, Outcome

GUEST_SECONDS = 1800.0  # on a busy machine; two idle cores want a third of it
UNBUILDABLE = 77


async def one(name: str, it: Lab, suite: Suite, plan: Plan, left_s: float) -> Outcome:
    """Run one scenario, never beyond its own limit or the guest's."""
    entry = ALL[name]
    began, hung = time.monotonic(), it.machine.hung_boots
    try:
        async with asyncio.timeout(min(entry.limit_s * it.patience, left_s)):
            result, detail = PASSED, await entry.run(it, suite, plan)
    except TimeoutError:
        result, detail = FAILED, f"took too long; {await it.log()}"
    except (AssertionError, OSError, ValueError) as error:
        result, detail = FAILED, f"{type(error).__name__}: {error}"
    if hung := it.machine.hung_boots - hung:
        detail += f"; {hung} boots in which the emulated disk did not answer, begun again"
    return Outcome(suite.name, name, result, time.monotonic() - began, detail)


async def guest(suite: Suite, made: Image, plan: Plan, wanted: list[str]) -> list[Outcome]:
    """Every scenario in one guest; those that stand on a failed one are skipped."""
    directory = scratch(suite.name)
    until = time.monotonic() + GUEST_SECONDS
    outcomes: list[Outcome] = []
    async with lab(made, directory) as it:
        for name in wanted:
            print(f"{suite.name}::{name} ...", flush=True)
            broken = [o for o in outcomes if o.scenario in NEEDED and o.result != PASSED]
            if broken:
                why = f"{broken[0].scenario} did not pass"
                outcomes.append(Outcome(suite.name, name, SKIPPED, 0.0, why))
            else:
                left = until - time.monotonic()
                outcomes.append(await one(name, it, suite, plan, left))
                if name == "boots" and outcomes[-1].result == PASSED:
                    await it.enrol(directory)
            print(summary.line(outcomes[-1]), flush=True)
    if all(outcome.result == PASSED for outcome in outcomes):
        shutil.rmtree(directory)
    else:
        print(f"the guest's console: {directory / 'console.log'}")
    return outcomes


def _end(*_: object) -> NoReturn:
    """Leave by way of every `finally`, which stop the guests."""
    raise SystemExit(128 + signal.SIGTERM)


def wanted(suite: Suite, only: list[str] | None) -> list[str]:
    """The scenarios for this release: those asked for by name, or all that belong to it."""
    first = suite.name == next(iter(SUITES))
    usual = [name for name, entry in ALL.items() if not entry.named and (first or not entry.once)]
    return [name for name in ALL if name in NEEDED or name in (only or usual)]


def main(options: Namespace) -> int:
    signal.signal(signal.SIGTERM, _end)
    began, outcomes = time.monotonic(), []
    plan = Plan(*(getattr(options, name) for name in Plan._fields))
    suites = [SUITES[name] for name in options.guests or SUITES]
    try:
        images = [image(suite) for suite in suites]  # first, so that a lack is known at once
        if options.images:
            return 0
        for suite, made in zip(suites, images, strict=True):
            outcomes += asyncio.run(guest(suite, made, plan, wanted(suite, options.only)))
    except Unbuildable as why:
        print(f"test-vm is skipped, no guest can be made here: {why}")
        return UNBUILDABLE
    results = CACHE / "results.jsonl"
    results.write_text("".join(summary.write(outcome) + "\n" for outcome in outcomes))
    print(f"results: {results}")
    print(f"==== {summary.last_line(outcomes, time.monotonic() - began)} ====")
    return summary.exit_code(outcomes)


def arguments(argv: list[str]) -> Namespace:
    parser = ArgumentParser(prog="tests.vm.run", description=__doc__)
    parser.add_argument("guests", nargs="*", choices=[[], *SUITES], help="default: all of them")
    parser.add_argument("--only", action="append", choices=list(ALL), help="besides boot and pair")
    parser.add_argument("--images", action="store_true", help="make the guests and stop")
    for name, default in Plan()._asdict().items():
        parser.add_argument(f"--{name}", type=int, default=default, help="how many")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main(arguments(sys.argv[1:])))
