"""`sealstream replay export`: entries as JSON lines or Parquet, digests instead of ciphertext."""

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import NoneType
from typing import Any, Final, Protocol, Self, get_args, get_type_hints

import click
import msgspec

from ops.errors import OperatorError
from ops.replay.auditing import bar
from ops.replay.opening import chosen, in_words, reachable, the_history, warn
from ops.replay.output import whole_file, writing
from ops.replay.places import in_order
from ops.words import counted
from schema.positions import Position
from schema.settings import Settings
from workers.replay.flat import Filter, Flat, flat
from workers.replay.records import Fault

GROUP: Final = 50_000
"""Rows of a Parquet row group."""


class Sink(Protocol):
    """Where rows go."""

    def write(self, rows: list[Flat]) -> None:
        """Some more rows."""


def export(
    settings: Settings,
    after: Position,
    upto: Position | None,
    partition: int | None,
    only: Filter,
    *,
    fast: bool,
    out: Path | None,
) -> int:
    """Writes what archive and log have at this moment; a file is there when it is whole. The exit status.
    Raises OperatorError."""
    in_order(after, upto)
    settings = reachable(settings)
    with in_words(), _opened(out) as sink:
        count, faults = asyncio.run(_export(settings, after, upto, partition, only, sink, fast=fast))
    if out is not None:
        click.echo(f"{counted(count, 'entry', 'entries')} in {out}.")
    return 1 if warn(faults) else 0


async def _export(
    settings: Settings,
    after: Position,
    upto: Position | None,
    partition: int | None,
    only: Filter,
    sink: Sink,
    *,
    fast: bool,
) -> tuple[int, list[Fault]]:
    count = 0
    async with the_history(settings, fast=fast) as history:
        source = history.source
        with bar(quiet=False) as progress:
            task = progress.add_task("exporting", total=None)
            for number in chosen(history.partitions, partition, None):
                end = (await source.extent(number)).last
                async for page in source.pages(number, after, min(upto or end, end)):
                    rows = [flat(record) for record in page.records if only.passes(record)]
                    sink.write(rows)
                    count += len(rows)
                    progress.advance(task, len(page.records))
        return count, history.faults()


@contextmanager
def _opened(out: Path | None) -> Iterator[Sink]:
    if out is None:
        yield _Lines("The standard output", sys.stdout)
        return
    with whole_file(out) as unfinished:
        if out.suffix == ".parquet":
            with _Parquet(unfinished) as parquet:
                yield parquet
        else:
            with writing(str(out)), unfinished.open("w", encoding="utf-8") as file:
                yield _Lines(str(out), file)


class _Lines:
    def __init__(self, name: str, file: Any) -> None:
        self._name = name
        self._file = file
        self._encoder = msgspec.json.Encoder()

    def write(self, rows: list[Flat]) -> None:
        text = "".join(self._encoder.encode(row).decode() + "\n" for row in rows)
        with writing(self._name):
            self._file.write(text)
            self._file.flush()


class _Parquet:
    """Columns are those of Flat, text or 64-bit integers."""

    def __init__(self, path: Path) -> None:
        try:
            import pyarrow as pa  # noqa: PLC0415 - an extra
            import pyarrow.parquet as pq  # noqa: PLC0415
        except ImportError:
            raise OperatorError("Parquet needs pyarrow: pip install 'sealstream[parquet]'.") from None
        self._name = str(path)
        self._arrow = pa
        columns = []
        for name, hint in get_type_hints(Flat).items():
            (kind,) = {part for part in get_args(hint) or (hint,) if part is not NoneType}
            type_ = pa.string() if kind is str else pa.int64()
            columns.append(pa.field(name, type_, nullable=NoneType in get_args(hint)))
        self._schema = pa.schema(columns)
        self._writer = pq.ParquetWriter(path, self._schema, compression="zstd")
        self._rows: list[Flat] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._flush()
        with writing(self._name):
            self._writer.close()

    def write(self, rows: list[Flat]) -> None:
        self._rows += rows
        if len(self._rows) >= GROUP:
            self._flush()

    def _flush(self) -> None:
        rows = [msgspec.structs.asdict(row) for row in self._rows]
        self._rows.clear()
        if rows:
            with writing(self._name):
                self._writer.write_table(self._arrow.Table.from_pylist(rows, self._schema))
