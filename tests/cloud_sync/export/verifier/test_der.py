"""Only the one encoding that X.690 allows is read."""

import pytest

from cloud_sync.export.verifier.der import DerError, dotted, element, elements, integer


@pytest.mark.parametrize(
    ("raw", "number"), [("020100", 0), ("02017f", 127), ("02020080", 128), ("0201ff", -1)]
)
def test_numbers(raw: str, number: int) -> None:
    assert integer(element(bytes.fromhex(raw), 0x02)) == number


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("06092a864886f70d010702", "1.2.840.113549.1.7.2"),
        ("0603550403", "2.5.4.3"),
        ("0603883703", "2.999.3"),  # the example of X.690, 8.19.5
        ("0609608648016503040201", "2.16.840.1.101.3.4.2.1"),
    ],
)
def test_identifiers(raw: str, text: str) -> None:
    assert dotted(element(bytes.fromhex(raw), 0x06)) == text


@pytest.mark.parametrize(
    "raw",
    [
        "30",  # no length
        "3080",  # BER's indefinite length
        "308100",  # a length in more bytes than it needs
        "30820001ff",
        "3001",  # cut off
        "1f0100",  # a tag of more than one byte
        "30850000000001ff",
    ],
)
def test_no_other_encoding(raw: str) -> None:
    with pytest.raises(DerError):
        elements(bytes.fromhex(raw))


@pytest.mark.parametrize("raw", ["0200", "02020001", "0202ff80"])
def test_no_longer_number(raw: str) -> None:
    with pytest.raises(DerError):
        integer(element(bytes.fromhex(raw), 0x02))


@pytest.mark.parametrize("raw", ["0600", "06028001", "060180", "06025586"])
def test_no_longer_identifier(raw: str) -> None:
    with pytest.raises(DerError):
        dotted(elements(bytes.fromhex(raw))[0])


def test_one_element_is_one_element() -> None:
    with pytest.raises(DerError, match="one element"):
        element(bytes.fromhex("05000500"), 0x05)
    with pytest.raises(DerError, match="tag"):
        element(bytes.fromhex("0500"), 0x06)
