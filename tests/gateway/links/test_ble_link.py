"""The numbers of characteristics, and a link that is lost."""

import pytest

from gateway.links.ble_link import BleLink, short


@pytest.mark.parametrize(
    ("uuid", "number"),
    [
        ("00002a35-0000-1000-8000-00805f9b34fb", "2A35"),
        ("00002A35-0000-1000-8000-00805F9B34FB", "2A35"),
        ("00002a35-0000-1000-8000-00805f9b34fc", "00002A35-0000-1000-8000-00805F9B34FC"),
        ("5df5e817-a945-4f81-89c0-3d4e9759c07c", "5DF5E817-A945-4F81-89C0-3D4E9759C07C"),
    ],
)
def test_identifiers_of_the_sig_are_short(uuid: str, number: str) -> None:
    assert short(uuid) == number


def test_a_lost_link_is_down_and_whoever_asked_is_told() -> None:
    link, told = BleLink(1.0), list[str]()
    assert (link.is_up, link.channels) == (True, frozenset())
    link.lost()
    link.on_drop(lambda: told.append("gone"))
    link.lost()
    assert (link.is_up, told) == (False, ["gone"])
