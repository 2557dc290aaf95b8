"""The README's table of settings is the settings themselves."""

import re
from pathlib import Path

from schema.settings import DOCUMENTED

README = Path(__file__).parents[2] / "README.md"


def table() -> str:
    rows = [
        f"| `{name}` | {f'`{default}`' if default else ''} | {meaning} |"
        for name, default, meaning in DOCUMENTED
    ]
    return "\n".join(["| variable | default | meaning |", "|---|---|---|", *rows])


def test_the_settings_table_names_every_setting_with_its_default() -> None:
    found = re.search(r"<!-- settings -->\n(.*?)\n<!-- /settings -->", README.read_text("utf-8"), re.DOTALL)
    assert found is not None
    assert found[1] == table(), f"put this between the marks:\n{table()}"
