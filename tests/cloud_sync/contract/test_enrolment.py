import pytest
from hypothesis import given, strategies as st

from cloud_sync.contract import enrolment
from cloud_sync.contract.enrolment import Rejected, Ticket

TICKET = Ticket(
    url="https://clinic.example:8443",
    clinic="c" * 32,
    ca_pin=b"\xfa" * 32,
    root=b"\xfb" * 32,
    code="0123456789ABCDEFGHJK",
)


def test_a_ticket_survives_print_and_paste() -> None:
    text = enrolment.ticket_text(TICKET)
    assert "\n" not in text
    assert enrolment.parse_ticket(f"  {text}\n") == TICKET


def test_a_code_is_read_as_it_was_meant() -> None:
    # Crockford's base 32: case, hyphens and the look-alikes O, I, L do not matter.
    assert enrolment.normalise_code("ol23-4567 89ab cdef-ghjk") == "0123456789ABCDEFGHJK"
    assert enrolment.code_hash("o123456789abcdefghjk") == enrolment.code_hash(TICKET.code)
    assert enrolment.code_hash("1123456789ABCDEFGHJK") != enrolment.code_hash(TICKET.code)


@pytest.mark.parametrize("part", ["url", "clinic", "ca", "root", "code"])
def test_a_ticket_cut_short_says_what_is_missing(part: str) -> None:
    text = enrolment.ticket_text(TICKET)
    head, query = text.split("?")
    kept = "&".join(p for p in query.split("&") if not p.startswith(f"{part}="))
    found = enrolment.parse_ticket(f"{head}?{kept}")
    assert isinstance(found, Rejected)
    assert part in found.error


@pytest.mark.parametrize(
    ("old", "new"), [("vitals-enrol:", "http:"), ("code=0", "code="), ("ca=-", "ca=")]
)
def test_a_damaged_ticket_is_said_to_be(old: str, new: str) -> None:
    text = enrolment.ticket_text(TICKET)
    assert old in text
    assert isinstance(enrolment.parse_ticket(text.replace(old, new, 1)), Rejected)


@given(st.text(max_size=200))
def test_noise_is_rejected(text: str) -> None:
    assert isinstance(enrolment.parse_ticket(text), Rejected)


def test_the_proof_binds_one_request() -> None:
    assert enrolment.proof_message(b"one") != enrolment.proof_message(b"two")
    assert enrolment.proof_message(b"one").startswith(b"rpm-enrol-v1\0")
