"""Who is connected without our asking. Pure."""

import asyncio

from gateway.links.bluez.objects import DEVICE, Objects
from gateway.links.bluez.visitors import Visitors

CUFF = "/org/bluez/hci0/dev_C0_FF_EE_00_00_54"


def house(*, bonded: bool = True) -> tuple[Objects, Visitors]:
    objects = Objects()
    objects.add(CUFF, {DEVICE: {"Address": "C0:FF:EE:00:00:54", "Paired": bonded}})
    return objects, Visitors(objects)


def moved(objects: Objects, visitors: Visitors, *, connected: bool) -> None:
    objects.change(CUFF, {"Connected": connected})
    visitors.changed(CUFF)


def test_each_connection_has_a_number_of_its_own() -> None:
    objects, visitors = house()
    assert visitors.waiting() == []
    moved(objects, visitors, connected=True)
    assert visitors.waiting() == visitors.waiting() == [(CUFF, 1)]
    moved(objects, visitors, connected=False)
    assert visitors.waiting() == []
    moved(objects, visitors, connected=True)
    assert visitors.waiting() == [(CUFF, 2)]


def test_who_was_asked_or_has_no_bond_is_no_visitor() -> None:
    objects, visitors = house()
    moved(objects, visitors, connected=True)
    with visitors.asked(CUFF):
        assert visitors.waiting() == []
    assert visitors.is_here(CUFF)
    strangers, at_the_door = house(bonded=False)
    moved(strangers, at_the_door, connected=True)
    assert at_the_door.waiting() == []


def test_waiting_ends_with_the_news_or_with_the_time() -> None:
    async def story() -> None:
        objects, visitors = house()
        asking = asyncio.create_task(visitors.until(lambda: visitors.is_here(CUFF), 4.0))
        await asyncio.sleep(0)
        visitors.changed(CUFF)  # news, but not these
        await asyncio.sleep(0)
        moved(objects, visitors, connected=True)
        assert await asking
        assert not await visitors.until(lambda: False, 0.01)
        await visitors.news(0.01)

    asyncio.run(story())
