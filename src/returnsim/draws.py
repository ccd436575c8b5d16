"""Keyed random numbers: the same household meets the same luck in every case compared.

These are common random numbers, by which luck cancels out of differences.

A draw is a function of (seed, replicate, calendar week, process, household) and of nothing else.
It is word ``household % 4`` of the Philox4x64-10 block with key ``(seed, STREAM_VERSION)`` and
counter ``(household // 4 + 1, 0, replicate, 64 * calendar week + process)``, turned into a uniform
on [0, 1) by its upper 53 bits (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3").
Nothing that is simulated touches another generator; designs of experiments and fits have their own.
"""

from datetime import date
from enum import IntEnum

import numpy as np
from jaxtyping import Float

STREAM_VERSION = 1
PROCESSES_A_WEEK = 64
FIRST_MONDAY = date(1970, 1, 5)


class Weekly(IntEnum):
    """Processes that draw every week."""

    CHOICE = 0
    CAMP_LIFE = 1
    HOME_0 = 2
    HOME_1 = 3
    CUSTODY = 4


class Once(IntEnum):
    """Draws made once in a life; they use calendar week 0."""

    QUEUE_LOT = 0
    BAN_LOT = 1
    PERSUASION_LOT = 2
    VETTING_LOT = 3
    SETTLING_LOT = 4
    CHECKPOINT_0 = 5
    CHECKPOINT_1 = 6
    POSTERIOR_ROW = 7
    HEAD = 8
    PARTNER = 9
    MORE_MEN_CONSCRIPTION_AGE = 10
    MORE_MEN_OLDER = 11
    MORE_WOMEN = 12
    MORE_ELDERLY = 13
    CHILDREN = 14
    ORIGIN = 15
    HEAD_AGE = 16
    WANTED = 17
    VULNERABLE = 18
    ATTACHMENT = 19
    INCOME = 20
    REMITTANCE = 21
    GOODS = 22
    RESERVES = 23
    CONTACT_0 = 24  # and the following, one for each link that a household draws


MOST_CONTACT_DRAWS = PROCESSES_A_WEEK - Once.CONTACT_0


def calendar_week(day: date) -> int:
    """Whole weeks from Monday 1970-01-05 to ``day``."""
    return (day - FIRST_MONDAY).days // 7


class Draws:
    """The uniforms of some replicates of one seed.

    Parameters
    ----------
    seed : int
        Any whole number from 0 to 2**64 - 1.
    replicates : sequence of int
        The replicates by number, in the order of the rows wanted.
    """

    def __init__(self, seed: int, replicates: list[int]) -> None:
        self.seed = seed
        self.replicates = replicates
        self._bits = np.random.Philox(key=np.array([seed, STREAM_VERSION], dtype=np.uint64))
        self._generator = np.random.Generator(self._bits)
        self._state = self._bits.state
        self._counter = self._state["state"]["counter"]

    def weekly(
        self, process: Weekly, week: int, households: int, out: np.ndarray | None = None
    ) -> Float[np.ndarray, "R N"]:
        """Draw one uniform for each household of each replicate.

        Parameters
        ----------
        process : Weekly
            Which decision or risk the draw is for.
        week : int
            The calendar week, from `calendar_week`.
        households : int
            How many households; a longer row begins with the same numbers.
        out : array, optional
            Where to write, shape (replicates, households).

        Returns
        -------
        array, shape (replicates, households)
            Uniforms on [0, 1).
        """
        return self._fill(PROCESSES_A_WEEK * week + process, households, out)

    def once(self, process: int, households: int) -> Float[np.ndarray, "R N"]:
        """Like `weekly`, for draws made once in a household's life."""
        return self._fill(int(process), households, None)

    def _fill(self, word: int, households: int, out: np.ndarray | None) -> np.ndarray:
        if out is None:
            out = np.empty((len(self.replicates), households))
        for row, replicate in zip(out, self.replicates, strict=True):
            # NumPy raises the counter before each block, so the first block has counter word 1.
            self._counter[:] = (0, 0, replicate, word)
            self._bits.state = self._state
            self._generator.random(out=row)
        return out
