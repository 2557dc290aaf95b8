"""ops/architecture.md names files, classes and methods that exist."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "ops" / "architecture.md").read_text("utf-8")
FILES = sorted(set(re.findall(r"`([\w-]+/[\w/.-]+\.(?:py|lua|ts))`", TEXT)))
METHODS = sorted(set(re.findall(r"`([A-Z]\w+)\.(\w+)`", TEXT)))


@pytest.mark.parametrize("file", FILES)
def test_a_file_that_the_page_names_exists(file: str) -> None:
    assert (ROOT / file).is_file()


@pytest.mark.parametrize(("owner", "method"), METHODS)
def test_a_method_that_the_page_names_exists(owner: str, method: str) -> None:
    for room in ("relay", "workers", "schema"):
        for file in (ROOT / room).rglob("*.py"):
            text = file.read_text("utf-8")
            if re.search(rf"^class {owner}\b", text, re.MULTILINE) and f"def {method}(" in text:
                return
    pytest.fail(f"no class {owner} has a method {method}")


def test_the_page_names_files_and_methods_at_all() -> None:
    assert len(FILES) > 20
    assert len(METHODS) > 10
