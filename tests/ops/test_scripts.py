"""A fresh machine that lacks something is told what, in one line."""

import os
import subprocess
from pathlib import Path

import pytest

OPS = Path(__file__).parents[2] / "ops"


def run(
    script: str, *arguments: str, programs: dict[str, str], folder: Path
) -> "subprocess.CompletedProcess[str]":
    """Runs a script where only the basic tools and `programs` (name → shell text) are to be found."""
    binaries = folder / "bin"
    binaries.mkdir()
    for tool in ("sh", "rm", "id"):
        found = next(path for place in os.defpath.split(":") if (path := Path(place, tool)).exists())
        (binaries / tool).symlink_to(found)
    for name, text in programs.items():
        (binaries / name).unlink(missing_ok=True)
        (binaries / name).write_text(f"#!/bin/sh\n{text}\n")
        (binaries / name).chmod(0o755)
    return subprocess.run(
        ["/bin/sh", str(OPS / script), *arguments],
        cwd=folder,
        env={"PATH": str(binaries)},
        capture_output=True,
        text=True,
        check=False,
    )


OLD_PYTHON = 'case "$1" in --version) echo Python 3.9.2;; *) exit 1;; esac'


@pytest.mark.parametrize(
    ("programs", "found"), [({"python3": OLD_PYTHON}, "Python 3.9.2"), ({}, "no Python at all")]
)
def test_without_a_new_enough_python_it_says_which_it_found(
    tmp_path: Path, programs: dict[str, str], found: str
) -> None:
    done = run("venv.sh", "venv", "requirements.txt", programs=programs, folder=tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith(f"sealstream: Python 3.11 or newer is needed (found: {found}).")


def test_a_python_that_cannot_make_environments_is_told_what_to_install(tmp_path: Path) -> None:
    python = 'case "$*" in *version_info*) exit 0;; *) exit 1;; esac'
    done = run(
        "venv.sh",
        "venv",
        "requirements.txt",
        programs={"python3": python, "id": "echo 1000"},
        folder=tmp_path,
    )
    assert done.returncode == 1
    assert "sudo apt install python3-venv" in done.stderr


@pytest.mark.parametrize(
    ("programs", "words"),
    [
        ({}, "there is none"),
        ({"node": "echo 20"}, "sudo apt install npm"),
        ({"node": 'case "$1" in --version) echo v18.1.0;; *) echo 18;; esac', "npm": ""}, "found v18.1.0"),
    ],
)
def test_without_a_new_enough_node_it_says_what_is_missing(
    tmp_path: Path, programs: dict[str, str], words: str
) -> None:
    done = run("node.sh", programs=programs, folder=tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith("sealstream: ")
    assert words in done.stderr
