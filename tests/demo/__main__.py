"""`make demo`: from a cuff's radio to a counted day and a logged minute, on this machine.

python -m tests.demo [--days N] [--directory .demo] [--once]
"""

import signal
import sys
import time
from argparse import ArgumentParser, Namespace
from pathlib import Path
from types import FrameType

from rich.console import Console

from tests.demo import cast, minutes
from tests.demo.stage import (
    DemoError,
    Radio,
    Stage,
    init_clinic,
    run,
    start_clinic,
    start_hub,
    start_radio,
    tell,
)
from tests.support.processes import ROOT, wait_until

FIRST_READING_SECONDS = 60
SECONDS_BETWEEN_READINGS = 45
console = Console(highlight=False, soft_wrap=True)


class Stopped(Exception):  # noqa: N818  not an error: the person pressed Ctrl-C
    """The person at the terminal wants an end."""


def say(text: str) -> None:
    console.print(f"  {text}", markup=False)


def main() -> int:
    options = arguments()
    stage = Stage(options.directory.resolve(), zone=options.zone)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _stop)
    try:
        perform(stage, options)
    except Stopped:
        console.print("\nStopping: collector, uplink, clinic, radio.")
    except DemoError as error:
        console.print(str(error), markup=False, style="red")
        return 1
    finally:
        stage.stop()
    console.print("All stopped. `make demo` again goes on from here; `rm -r .demo` starts afresh.")
    return 0


def perform(stage: Stage, options: Namespace) -> None:
    console.rule("vitals-gateway: the whole way, once")
    patient = open_clinic(stage, options.days)
    say("2  A virtual home opens: a blood pressure cuff and a glucometer, real Bluetooth LE.")
    radio = start_radio(stage)
    enrol(stage)
    start_hub(stage, radio)
    say("4  The hub pairs: the cuff by itself, the meter with its six digits; then it collects.")
    pair(stage, radio)
    before = cast.counts(stage)[0]
    started = time.monotonic()
    if options.days:
        play(stage, radio, options.days)
    else:
        for key in ("cuff", "meter"):
            tell(radio, do="measure", device=key)
    if not cast.assign_devices(stage, radio, patient, options.days):
        raise DemoError(f"no reading reached the clinic; see {stage.logs}")
    if not wait_until(lambda: cast.counts(stage)[0] > before, FIRST_READING_SECONDS):
        raise DemoError(f"no new reading reached the clinic; see {stage.logs}")
    say(f"5  The clinic has readings, after {time.monotonic() - started:.0f} s: sealed on the hub,")
    say("   receipted by signature after the clinic's commit, opened, given to their patient.")
    if options.days:
        done = minutes.play(stage, patient, options.days)
        if any(done.values()):
            say(f"   Staff time logged: {done['RPM']} min RPM, {done['CCM']} min CCM, never mixed.")
        else:
            say("   The staff time of these days is on record from an earlier run.")
    where_to_look(stage, patient)
    if not options.once:
        watch(stage, radio)


def open_clinic(stage: Stage, days: int) -> str:
    if stage.first_run:
        say("1  A clinic is made: keys, database, broker rules, an administrator and a nurse.")
        init_clinic(stage)
    else:
        say("1  The clinic of the last run opens again.")
    start_clinic(stage)
    return cast.the_patient(stage) or cast.admit_patient(stage, days)


def enrol(stage: Stage) -> None:
    if (stage.hub / "hub.json").exists():
        say("3  The hub is enrolled already.")
        return
    say("3  A technician enrols the hub: one-time code in, certificate and pinned keys out.")
    ticket = run("-m", "cloud_sync.cli", "hub", "add", str(stage.clinic), "Ada's kitchen").strip()
    run("-m", "gateway.cli", "enrol", ticket, "--state", str(stage.hub))


def pair(stage: Stage, radio: Radio) -> None:
    """The person at the home holds each device's button until the hub knows it."""
    state = tell(radio, do="status")["devices"]
    for key, device in state.items():
        if not device["bonded"]:
            tell(radio, do="pairing", device=key)

    def bonded() -> bool:
        check(stage)
        devices = tell(radio, do="status")["devices"]
        return all(device["bonded"] and not device["connected"] for device in devices.values())

    if not wait_until(bonded, 60, every=0.3):
        raise DemoError(f"the devices did not pair; see {stage.logs}")


def play(stage: Stage, radio: Radio, days: int) -> None:
    """Twenty days in a minute: devices and readings live on a virtual clock, security does not."""
    say(f"   Playing {days} days of measurements.")
    tell(radio, do="play", days=days)
    shown = -1
    while True:
        check(stage)
        playing = tell(radio, do="status")["playing"]
        if playing["day"] != shown and not playing["day"] % 5:
            shown = playing["day"]
            say(f"   day {shown} of {days}: {cast.counts(stage)[0]} observations at the clinic")
        if playing["done"]:
            return
        time.sleep(0.3)


def where_to_look(stage: Stage, patient: str) -> None:
    logins = stage.logins()
    console.rule("where to look")
    say(f"page      {stage.page}/patients/{patient}")
    say(f"sign in   nurse   {logins['nurse']}   (or admin   {logins['admin']})")
    say("          the chart and table (each with its receipt time), the 30-day period,")
    say("          and Review: it starts the clock, RPM and CCM each on its own.")
    say(f"hub       {sys.executable} -m gateway.cli status --state {_near(stage.hub)}")
    say(f"logs      {_near(stage.logs)}")
    console.rule("Ctrl-C ends it")


def watch(stage: Stage, radio: Radio) -> None:
    """New measurements now and then, said in plain words, until somebody stops it."""
    tell(radio, do="every", seconds=SECONDS_BETWEEN_READINGS)
    last = cast.counts(stage)
    while True:
        time.sleep(1)
        check(stage)
        now = cast.counts(stage)
        if now != last:
            say(f"{time.strftime('%H:%M:%S')}  {now[0]} observations at the clinic, {now[1]} days")
            last = now


def check(stage: Stage) -> None:
    fallen = stage.fallen()
    if fallen is not None:
        raise DemoError(f"the {fallen.name} ended; its last words:\n{fallen.last_words()}")


def arguments() -> Namespace:
    parser = ArgumentParser(prog="make demo", description=__doc__)
    parser.add_argument("--days", type=int, default=0, help="play so many days of measurements")
    parser.add_argument("--directory", type=Path, default=ROOT / ".demo")
    parser.add_argument("--zone", default="America/New_York", help="where the patient lives")
    parser.add_argument("--once", action="store_true", help="end after the first readings")
    options = parser.parse_args()
    if not 0 <= options.days <= 30:
        parser.error("--days must be 0 to 30")
    return options


def _near(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def _stop(_number: int, _frame: FrameType | None) -> None:
    raise Stopped


if __name__ == "__main__":
    sys.exit(main())
