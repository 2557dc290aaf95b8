"""The command line without a process of its own: these commands only read."""

from uuid import UUID

from click.testing import CliRunner, Result

from ops.cli import main
from tests.workers import stories

USER = UUID("7a0c1f5e-0000-4000-8000-000000000007")
SENDER_STORY = [
    stories.identity(USER),
    stories.uploaded(USER, 1, 1, 2),
    *(stories.accepted(USER, 1, seq) for seq in (1, 2, 3)),
    stories.acknowledged(USER, 1, 2),
]
"""Entry i stands at i000-0: a second apart."""


def run(*arguments: str, **environment: str) -> Result:
    """What `sealstream ARGUMENTS` prints and ends with."""
    result = CliRunner().invoke(main, list(arguments), env=environment)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result
