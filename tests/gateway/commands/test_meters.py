"""What goes wrong on the radio ends a command in words, not in a traceback."""

import pytest

from gateway.commands.meters import radio_work
from gateway.sessions.link import LinkError, RadioUnavailableError


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (LinkError("no answer in time"), "That failed: no answer in time. Try again."),
        (RadioUnavailableError("no adapter"), "The radio cannot be used: no adapter"),
    ],
)
def test_a_failure_is_words_and_exit_status_2(
    error: Exception, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    async def work() -> None:
        raise error

    with pytest.raises(SystemExit) as ended:
        radio_work(work, advice="Try again.")
    assert ended.value.code == 2
    assert capsys.readouterr().err.strip() == words
