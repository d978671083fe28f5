"""The growing delay of sign-in attempts."""

import threading

from cloud_sync.ledger import sign_in
from cloud_sync.ledger.engine import Store
from cloud_sync.ledger.sign_in import (
    FIRST_DELAY_MS,
    FREE_PER_ACCOUNT,
    FREE_PER_ADDRESS,
    LONGEST_DELAY_MS,
)
from tests.support import seeded
from tests.support.seeded import NOW_MS as T0


def attempt(store: Store, at_ms: int, username: str = "nia", address: str = "192.0.2.1") -> int:
    with store.write() as db:
        return sign_in.begin(db, username=username, address=address, at_ms=at_ms)


def test_the_delay_of_an_account_doubles_and_has_an_end(store: Store) -> None:
    at, waits = T0, []
    for number in range(FREE_PER_ACCOUNT):
        assert attempt(store, at + number, address=f"198.51.100.{number}") > 0
    at += FREE_PER_ACCOUNT - 1
    for number in range(8):
        refused = attempt(store, at + 1, address=f"203.0.113.{number}")
        assert refused < 0, "too early"
        waits.append(-refused + 1)
        at += waits[-1]
        assert attempt(store, at, address=f"203.0.113.{number}") > 0
    assert waits == [min(FIRST_DELAY_MS << n, LONGEST_DELAY_MS) for n in range(8)]


def test_success_clears_the_account(store: Store) -> None:
    for number in range(FREE_PER_ACCOUNT):
        last = attempt(store, T0 + number)
    with store.write() as db:
        sign_in.succeed(db, last)
    assert attempt(store, T0 + 10) > 0


def test_an_address_is_slowed_whatever_names_it_tries(store: Store) -> None:
    for number in range(FREE_PER_ADDRESS):
        assert attempt(store, T0 + number, username=f"name{number}") > 0
    assert attempt(store, T0 + 100, username="another") < 0
    assert attempt(store, T0 + 100, username="another", address="192.0.2.77") > 0


def test_names_differ_neither_by_case_nor_by_space(store: Store) -> None:
    for name in ("nia", "NIA", " Nia", "nia ", "nIA"):
        assert attempt(store, T0, username=name) > 0
    assert attempt(store, T0 + 1, username="Nia") < 0


def test_parallel_guesses_count_against_one_another(store: Store) -> None:
    seeded.add_staff(store, roles=("clinician",))
    results: list[int] = []
    gate = threading.Barrier(8)

    def guess() -> None:
        gate.wait()
        results.append(attempt(store, T0))

    threads = [threading.Thread(target=guess) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(number > 0 for number in results) == FREE_PER_ACCOUNT
