"""`make lock`: both requirement files from pyproject.toml, with the hashes of every file of every release.

The operator's own package sources must not leak into them: neither their addresses nor their hashes.
"""

import os
import subprocess
import sys
from typing import Final

COMMON: Final = (
    "--quiet",
    "--generate-hashes",
    "--strip-extras",
    "--allow-unsafe",
    "--no-header",
    "--no-annotate",
    "--no-emit-index-url",
    "--no-emit-find-links",
    "--no-emit-trusted-host",
    "--extra=build",
)
RUNTIME: Final = "requirements.txt"
DEVELOPMENT: Final = "requirements-dev.txt"


def main(extra: list[str]) -> None:
    """`extra` goes to pip-compile, such as `--upgrade`."""
    _compile("--output-file", RUNTIME, *extra)
    _compile("--output-file", DEVELOPMENT, "--extra=dev", "--constraint", RUNTIME, *extra)


def _compile(*arguments: str) -> None:
    sources = ("PIP_FIND_LINKS", "PIP_EXTRA_INDEX_URL", "PIP_INDEX_URL", "PIP_TRUSTED_HOST")
    environment = {key: value for key, value in os.environ.items() if key not in sources}
    subprocess.run(
        [sys.executable, "-m", "piptools", "compile", *COMMON, *arguments, "pyproject.toml"],
        env={**environment, "PIP_CONFIG_FILE": os.devnull},
        check=True,
    )


if __name__ == "__main__":
    main(sys.argv[1:])
