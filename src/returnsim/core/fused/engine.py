"""The compiled loops seen from outside: a camp that they step, and what they tell of a week."""

import numpy as np

from returnsim.core.fused.block import live_through_week
from returnsim.core.fused.layout import (
    DEED_COLUMNS,
    MOVE_COLUMNS,
    REPORT_COLUMNS,
    Logs,
    block_of,
    scratch,
    tally_of,
)
from returnsim.core.inputs import NOT_LATER, Inputs, Population
from returnsim.core.log import Deeds, Events, events_from
from returnsim.core.record import Tally
from returnsim.core.state import PARTIES, Moves
from returnsim.draws import Draws, Weekly
from returnsim.interrupts import interrupts_held

REPORTS = 2 + PARTIES
"""Harms of one household in one week at most: in custody, on the road, and of each party."""


class Loop:
    """Opens a camp and steps it with the compiled loops.

    Parameters
    ----------
    inputs, people, draws
        What the block is given.
    logged : bool
        Whether to log moves and deeds.
    """

    def __init__(self, inputs: Inputs, people: Population, draws: Draws, logged: bool) -> None:
        households = people.members.shape[1]
        guarantors, options = inputs.parameters.kappa0.shape[1], len(inputs.parameters.options)
        self._block = block_of(inputs, people)
        self._scratch = scratch(guarantors, options, len(Weekly))
        self._guarantors, self._options = guarantors, options
        self._first_calendar_week = inputs.first_calendar_week
        self._record_from = inputs.record_from
        self._households = households
        self._seed = np.uint64(draws.seed)
        self._replicates = np.array(draws.replicates, dtype=np.int64)
        self._logged = logged
        self._logs = Logs(
            np.empty((0, MOVE_COLUMNS), dtype=np.int64),
            np.empty((0, DEED_COLUMNS), dtype=np.int64),
            np.empty((REPORTS * households, REPORT_COLUMNS), dtype=np.int64),
            np.empty((households, REPORT_COLUMNS), dtype=np.int64),
        )
        self._go_on(NOT_LATER, logged=False)

    def step(self, t: int) -> None:
        """Live through week ``t``."""
        self._block.tally[:] = 0
        self._go_on(t, self._logged)

    def _go_on(self, t: int, logged: bool) -> None:
        # Compiled code that hands its result back to Python does not survive Ctrl-C there.
        with interrupts_held():
            self._logs = live_through_week(
                self._block,
                self._scratch,
                self._guarantors,
                self._options,
                self._seed,
                self._replicates,
                t,
                self._first_calendar_week + t,
                logged,
                t >= self._record_from,
                self._logs,
            )

    def tally(self) -> Tally:
        """What was counted of the last week, which is one that is recorded."""
        return tally_of(self._block, self._guarantors)

    def events(self, t: int) -> Events:
        """The moves of the last week ``t``, in the order of its steps."""
        lines = self._logs.moves[: self._scratch["moves"][0]]
        lines = lines[np.argsort(lines[:, -1], kind="stable")]
        replicate, household, *move, _ = lines.T.copy()
        moves = Moves(replicate * self._households + household, *move)
        party_guarantor = self._block.households["party_guarantor"].T
        return events_from(moves, t, self._households, party_guarantor)

    def deeds(self) -> Deeds:
        """Registrations of the last week and what came of them."""
        return Deeds(*self._logs.deeds[: self._scratch["deeds"][0]].T.copy())
