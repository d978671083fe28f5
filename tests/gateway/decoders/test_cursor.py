import pytest

from gateway.decoders.cursor import Cursor, Refused, refuse


def test_reads_fields_in_order_and_in_both_byte_orders() -> None:
    cursor = Cursor(bytes(range(1, 23)))
    assert cursor.u8("a") == 1
    assert cursor.u16("b") == 0x0302
    assert cursor.u16_be("c") == 0x0405
    assert cursor.u24("d") == 0x080706
    assert cursor.u32("e") == 0x0C0B0A09
    assert cursor.u32_be("f") == 0x0D0E0F10
    assert (cursor.offset, cursor.left()) == (16, 6)
    assert cursor.take(6, "g") == bytes(range(17, 23))


def test_reads_signed_words() -> None:
    assert Cursor(b"\x5c\xfe").s16("offset") == -420
    assert Cursor(b"\xff\x7f").s16("offset") == 32767


def test_an_early_end_is_refused_with_field_and_offset() -> None:
    cursor = Cursor(b"\x01\x02")
    cursor.u8("flags")
    with pytest.raises(Refused) as caught:
        cursor.u16("systolic")
    assert (caught.value.refusal.field, caught.value.refusal.offset) == ("systolic", 1)
    assert cursor.u8("what was left") == 2


def test_a_refusal_needs_no_place() -> None:
    with pytest.raises(Refused) as caught:
        refuse("a reason")
    assert caught.value.refusal.reason == "a reason"
    assert caught.value.refusal.field is None
