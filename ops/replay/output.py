"""The files that commands write: whole, or not there at all."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ops.errors import OperatorError


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """A file beside `path` to write; it takes the place of `path` when the block ends well. Raises
    OperatorError at once where nothing can be written."""
    unfinished = path.with_name(f"{path.name}.part")
    with writing(str(path)):
        unfinished.touch()
    try:
        yield unfinished
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise
    with writing(str(path)):
        unfinished.replace(path)


@contextmanager
def writing(name: str) -> Iterator[None]:
    """Raises OperatorError for an OSError inside. A reader that went away (`export | head`) is left to Click,
    which ends quietly."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OperatorError(f"{name} cannot be written: {error.strerror or error}.") from error
