"""Some rows of a block, and the numbers of their cases for each."""

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from jaxtyping import Int64

ROWS_A_PART = 8192
"""Rows that are worked on at a time, by measurement: their arrays stay in the caches."""


class Rows:
    """Some rows of a block, each with its replicate.

    Parameters
    ----------
    index : array of int, shape (n,)
        Rows, ascending.
    households : int
        How many households a replicate has.
    """

    def __init__(self, index: Int64[np.ndarray, "n"], households: int) -> None:
        self.index = index
        self.replicate = index // households
        self._only: int | None = None
        """The replicate of all rows, where they are known to be of one."""

    def of(self, values: np.ndarray) -> np.ndarray:
        """Values by case, shape (C, ...), as one for all or one for each row."""
        return np.asarray(values[0] if len(values) == 1 else values[self._case(values)])

    def at(self, values: np.ndarray, second: np.ndarray | int) -> np.ndarray:
        """Values by case and a second axis (origin, guarantor, class), one for each row."""
        return np.asarray(values[self._case(values), second])

    def _case(self, values: np.ndarray) -> "np.ndarray | int":
        if len(values) == 1:
            return 0
        return self.replicate if self._only is None else self._only

    def parts(self) -> "list[Stretch]":
        """The rows in stretches that the caches hold, whole replicates where these are small.

        What is worked out of a stretch takes little room, and of a single replicate has one number
        for all its rows.
        """
        if 0 < len(self) <= ROWS_A_PART:
            return [Stretch(slice(0, len(self)), self._stretch(0, len(self)))]
        edges = np.flatnonzero(np.diff(self.replicate)) + 1
        starts = np.concatenate([[0], edges, [len(self)]]).tolist()
        cuts = [0]
        for start, end in pairwise(starts):
            if end - cuts[-1] > ROWS_A_PART:
                if start > cuts[-1]:
                    cuts.append(start)
                cuts += range(cuts[-1] + ROWS_A_PART, end, ROWS_A_PART)
        cuts.append(len(self))
        return [
            Stretch(slice(start, end), self._stretch(start, end))
            for start, end in pairwise(cuts)
            if end > start
        ]

    def _stretch(self, start: int, end: int) -> "Rows":
        part = self.subset(slice(start, end))
        if part.replicate[0] == part.replicate[-1]:
            part._only = int(part.replicate[0])
        return part

    def subset(self, chosen: np.ndarray | slice) -> "Rows":
        """The rows that a mask, a list of positions or a slice picks."""
        part = object.__new__(Rows)
        part.index = self.index[chosen]
        part.replicate = self.replicate[chosen]
        part._only = self._only
        return part

    def __len__(self) -> int:
        return len(self.index)


class Stretch(NamedTuple):
    """A stretch of some rows."""

    where: slice  # among them
    rows: Rows
