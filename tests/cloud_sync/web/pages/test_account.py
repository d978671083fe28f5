"""One's own password."""

from tests.cloud_sync.web.conftest import SignIn
from tests.support import seeded


def test_a_new_password(as_role: SignIn) -> None:
    person = as_role("reader")
    new = "a quite different phrase"
    for current, typed, again in (
        ("wrong", new, new),
        (seeded.PASSWORD, new, new + "x"),
        (seeded.PASSWORD, "short", "short"),
    ):
        answer = person.post("/account/password", current=current, new=typed, again=again)
        assert answer.status_code == 409
    assert (
        person.post("/account/password", current=seeded.PASSWORD, new=new, again=new).status_code
        == 303
    )
    assert person.get("/patients").status_code == 303, "signed out everywhere"
