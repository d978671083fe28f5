"""Password hashing under load."""

import threading

from cloud_sync.ledger import passwords


def test_no_more_than_two_hashes_run_at_once() -> None:
    running, most, lock = 0, 0, threading.Lock()
    hasher = passwords._hasher

    class Counting:
        def hash(self, password: str) -> str:
            nonlocal running, most
            with lock:
                running += 1
                most = max(most, running)
            made = hasher.hash(password)
            with lock:
                running -= 1
            return made

    passwords._hasher = Counting()  # type: ignore[assignment]
    try:
        threads = [
            threading.Thread(target=passwords.hashed, args=("some long phrase",)) for _ in range(6)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        passwords._hasher = hasher
    assert most == 2


def test_two_hashes_of_one_password_differ_and_both_match() -> None:
    first, second = passwords.hashed("some long phrase"), passwords.hashed("some long phrase")
    assert first != second
    assert passwords.matches(first, "some long phrase")
    assert passwords.matches(second, "some long phrase")
    assert not passwords.matches(second, "some long phrasE")
