from gateway.decoders.checks import crc8, crc16_ccitt, sum_of, xor_of


def test_published_vectors() -> None:
    # The check values of the CRC catalogue over "123456789", and two LifeScan frames.
    assert crc8(b"123456789") == 0xF4
    assert crc16_ccitt(b"123456789") == 0x29B1
    for frame in ("02060803C262", "020903050D0203089F"):
        whole = bytes.fromhex(frame)
        assert crc16_ccitt(whole[:-2]) == int.from_bytes(whole[-2:], "little")


def test_sums() -> None:
    # TaiDoc "connect", as published.
    assert sum_of(bytes.fromhex("512200000000A3")) == 0x16
    assert sum_of(b"\xff" * 300, bits=16) == 300 * 255 % 65536
    assert xor_of(bytes.fromhex("0800000000100018")) == 0
    assert xor_of(b"") == 0
