"""ops/roles.md shows the tables of schema/roles as they are."""

import re
from pathlib import Path

from ops.roles.matrix import sections

PAGE = Path(__file__).parents[3] / "ops" / "roles.md"


def test_the_page_shows_the_tables_as_they_are() -> None:
    shown = dict(re.findall(r"<!-- ([\w ]+) -->\n(.*?)\n?<!-- /\1 -->", PAGE.read_text("utf-8"), re.DOTALL))
    assert shown == sections()
