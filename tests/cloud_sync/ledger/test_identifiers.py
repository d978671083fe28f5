"""New ids."""

import re

from cloud_sync.ledger.identifiers import new_id


def test_ids_have_the_contracts_form_and_do_not_repeat() -> None:
    made = {new_id() for _ in range(1000)}
    assert len(made) == 1000
    assert all(re.fullmatch(r"[0-9a-f]{32}", one) for one in made)
