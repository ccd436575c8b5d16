"""One table of all cases, written piece by piece, with what identifies each row."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from returnsim.experiments.pieces import Piece, Source

ROWS_A_GROUP = 32_768
"""Rows written at once, about: what is held in memory."""
ROWS_A_PART = 1_000_000
"""Rows of a file of a dataset, about."""


class Dataset:
    """A table in one file, or in a folder of parts, that never is in memory as a whole.

    Parameters
    ----------
    source : Source
        For its cases and their factors.
    columns : tuple of str
        All columns of numbers that any piece may have.
    path : Path
        The file, or with ``time`` the folder of parts.
    time : bool
        Whether rows are weeks as well as replicates.
    """

    def __init__(self, source: Source, columns: tuple[str, ...], path: Path, *, time: bool) -> None:
        import pyarrow as pa

        self.source, self.columns, self.path, self.time = source, columns, path, time
        self.waiting: list[Any] = []
        self.rows = self.rows_of_part = self.parts = 0
        factors = source.experiment.experiment.factors
        kinds = {
            name: _kind_of(case.factors.get(name) for case in source.experiment.cases)
            for name in factors
        }
        dated = {"week": pa.int64(), "date": pa.timestamp("ms")} if time else {}
        self.schema = pa.schema(
            {"case": pa.string(), **kinds, "replicate": pa.int64(), "seed": pa.uint64(), **dated}
            | {name: pa.float64() for name in columns}
        )
        self.writer: Any = None

    def add(self, piece: Piece, columns: Mapping[str, np.ndarray]) -> None:
        """Take in a piece; written when there are enough."""
        # The rows and not the piece, which would keep all its weeks until they are written.
        self.waiting.append(self._table(piece, columns))
        self.rows += len(piece.identifiers["week"]) if self.time else len(piece.replicates)
        if self.rows >= ROWS_A_GROUP:
            self._flush()

    def close(self) -> None:
        """Write what is left; a table without any row has its columns all the same."""
        if self.waiting or self.parts == 0:
            self._flush()
        if self.writer is not None:
            self.writer.close()

    def _flush(self) -> None:
        import pyarrow as pa

        tables = self.waiting or [self.schema.empty_table()]
        if self.writer is None:
            self.writer = self._open()
        self.writer.write_table(pa.concat_tables(tables))
        self.rows_of_part += self.rows
        self.waiting, self.rows = [], 0
        if self.time and self.rows_of_part >= ROWS_A_PART:
            self.writer.close()
            self.writer, self.rows_of_part = None, 0

    def _open(self) -> Any:
        import pyarrow.parquet as pq

        path = self.path / f"part-{self.parts:05d}.parquet" if self.time else self.path
        self.parts += 1
        return pq.ParquetWriter(path, self.schema, compression="zstd")

    def _table(self, piece: Piece, columns: Mapping[str, np.ndarray]) -> Any:
        import pyarrow as pa

        rows = len(piece.identifiers["week"]) if self.time else len(piece.replicates)
        arrays = [self._array(field, piece, columns, rows) for field in self.schema]
        return pa.Table.from_arrays(arrays, schema=self.schema)

    def _array(self, field: Any, piece: Piece, columns: Mapping[str, np.ndarray], rows: int) -> Any:
        import pyarrow as pa

        if field.name in columns:
            return pa.array(columns[field.name].ravel(), field.type)
        if field.name in self.columns:
            return pa.nulls(rows, field.type)
        if self.time and field.name in piece.identifiers:
            return pa.array(piece.identifiers[field.name]).cast(field.type)
        if field.name == "replicate":
            return pa.array(piece.replicates, field.type)
        told = {"case": piece.case.name, "seed": self.source.experiment.experiment.seed}
        value = (told | piece.case.factors)[field.name]
        if value is not None and pa.types.is_string(field.type):
            value = str(value)
        return pa.repeat(pa.scalar(value, field.type), rows)


def _kind_of(values: Iterable[object]) -> Any:
    """Type of a factor's column: numbers or yes and no where all are, else text."""
    import pyarrow as pa

    kinds = {type(value) for value in values if value is not None}
    if kinds and kinds <= {int, float}:
        return pa.float64()
    return pa.bool_() if kinds == {bool} else pa.string()
