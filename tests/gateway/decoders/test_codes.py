from gateway.decoders.codes import flags, name


def test_a_code_outside_its_list_keeps_its_number_in_decimal() -> None:
    assert name(2, {2: "ear"}) == "ear"
    assert name(0, {2: "ear"}) == "code_0"
    assert name(26, {2: "ear"}) == "code_26"


def test_flags_come_in_bit_order_and_reserved_bits_are_ignored() -> None:
    names = ("first", None, "third", "fourth")
    assert flags(0b0000, names) == ()
    assert flags(0b1111, names) == ("first", "third", "fourth")
    assert flags(0b1000, names) == ("fourth",)
    assert flags(0xFFF0, names) == ()
