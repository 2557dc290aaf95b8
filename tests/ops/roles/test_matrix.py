"""ops/roles.md shows the tables of schema/roles as they are."""

from pathlib import Path

from ops.roles.matrix import filled, sections

PAGE = Path(__file__).parents[3] / "ops" / "roles.md"


def test_the_page_shows_the_tables_as_they_are() -> None:
    text = PAGE.read_text("utf-8")
    assert all(f"<!-- {name} -->" in text for name in sections())
    assert filled(text) == text, "write `filled` of it"
