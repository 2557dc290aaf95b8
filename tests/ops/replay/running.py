"""The command line without a process of its own: these commands only read."""

from click.testing import CliRunner, Result

from ops.cli import main


def run(*arguments: str, **environment: str) -> Result:
    """What `sealstream ARGUMENTS` prints and ends with."""
    result = CliRunner().invoke(main, list(arguments), env=environment)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result
