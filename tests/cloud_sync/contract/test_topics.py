import pytest
from hypothesis import given, strategies as st

from cloud_sync.contract import topics
from cloud_sync.contract.topics import Misframed

HUB = "0123456789abcdef" * 2


def test_the_shard_is_the_hash_of_the_id() -> None:
    # printf 0123456789abcdef0123456789abcdef | sha256sum
    assert topics.shard(HUB) == "3"
    assert topics.up(HUB) == f"rpm/3/{HUB}/up"


@pytest.mark.parametrize("leaf", ["up", "state"])
def test_a_topic_names_its_hub(leaf: str) -> None:
    assert topics.hub_of(f"rpm/3/{HUB}/{leaf}") == HUB


@pytest.mark.parametrize(
    "topic",
    [
        f"rpm/e/{HUB}/up",
        f"rpm/3/{HUB}/ack",
        f"rpm/3/{HUB}/up/x",
        f"rpm/3/{HUB.upper()}/up",
        f"x/rpm/3/{HUB}/up",
        "rpm/keyset",
        "",
        f"rpm/3/{HUB}/up\n",
    ],
)
def test_a_foreign_topic_names_none(topic: str) -> None:
    assert topics.hub_of(topic) is None


@given(st.lists(st.binary(min_size=1, max_size=300), min_size=1, max_size=20))
def test_what_is_joined_splits_again(parts: list[bytes]) -> None:
    message = topics.join(parts)
    assert topics.split(message) == tuple(parts)
    for cut in (1, 2, len(message) - 1):
        again = topics.split(message[:cut])
        assert isinstance(again, Misframed) or again == tuple(parts[: len(again)])


@pytest.mark.parametrize("message", [b"", b"\0", b"\0\0", b"\0\x02a", b"\0\x01a" * 21])
def test_misframed_is_said_with_its_offset(message: bytes) -> None:
    assert isinstance(topics.split(message), Misframed)


def test_a_full_message_stays_below_the_brokers_limit() -> None:
    assert topics.MAX_MESSAGE_BYTES == 45_640  # 20 x (2,280 + 2)
