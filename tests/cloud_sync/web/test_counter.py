"""The frame around every page."""

import pytest
from jinja2 import UndefinedError

from cloud_sync.web.counter import templates


def test_templates_escape_and_refuse_what_is_not_there() -> None:
    environment = templates()
    assert environment.from_string("{{ x }}").render(x="<b>'\"") == "&lt;b&gt;&#39;&#34;"
    with pytest.raises(UndefinedError):
        environment.from_string("{{ nothing }}").render()
