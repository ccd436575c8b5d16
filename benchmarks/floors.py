"""What stepping a camp cannot do without: random numbers, bytes moved, exponentials.

Each is done by NumPy in the plainest way, as often as a run of a lot needs it, and timed in the
same rounds. Their sum is not a bound in the strict sense: a loop may draw only where somebody is at
risk, and compute while it waits for memory. It says how much of the time is bookkeeping.
"""

from typing import NamedTuple

import numpy as np
from benchmarks.camps import SEED, Lot
from benchmarks.measuring import Case

from returnsim.core.week import open_camp, step
from returnsim.draws import Draws, Weekly


class Needs(NamedTuple):
    """How much of each a run of a lot needs."""

    uniforms: int
    bytes_moved: int
    exponentials: int


class CountedDraws(Draws):
    """Draws that count the processes asked for."""

    asked = 0

    def weekly(
        self, process: Weekly, week: int, households: int, out: np.ndarray | None = None
    ) -> np.ndarray:
        self.asked += 1
        return super().weekly(process, week, households, out)


def needs_of(lot: Lot) -> Needs:
    """Live through a lot once and count.

    A household in camp reads its state and traits and writes its state once a week, and takes one
    exponential for its want, one for its trust in each guarantor, one for the danger that it sees
    in each way home with each, and two for the weight of each alternative of its choice.
    """
    draws = CountedDraws(SEED, lot.replicates)
    camp = open_camp(lot.inputs, lot.people, draws)
    in_camp = 0
    for t in range(lot.weeks):
        in_camp += int((camp.state.camp_size > 0).sum())
        step(camp, t)
    options, guarantors = len(lot.inputs.parameters.options), len(camp.state.kappa)
    of_a_choice = 1 + guarantors + guarantors * options + 2 * (options + 2)
    state = sum(field.nbytes for field in camp.state) / lot.rows
    traits = sum(field.nbytes for field in lot.people) / lot.rows
    return Needs(
        uniforms=draws.asked * lot.rows,
        bytes_moved=int(in_camp * (2 * state + traits)),
        exponentials=in_camp * of_a_choice,
    )


def floor_cases(name: str, lot: Lot) -> dict[str, Case]:
    """The three floors of a lot, each counted in household-weeks as the lot itself is."""
    needs = needs_of(lot)
    generator = np.random.Generator(np.random.Philox(SEED))
    room, result = np.empty(lot.rows), np.empty(lot.rows)
    values = generator.random(lot.rows)

    def draw() -> None:
        for _ in range(round(needs.uniforms / lot.rows)):
            generator.random(out=room)

    def raise_e() -> None:
        for _ in range(round(needs.exponentials / lot.rows)):
            np.exp(values, out=result)

    # A copy moves each byte twice: it is read and written.
    a_week = max(8, needs.bytes_moved // 2 // lot.weeks)
    source = np.zeros(a_week // 8)
    target = np.zeros_like(source)

    def copy() -> None:
        for _ in range(lot.weeks):
            np.copyto(target, source)

    work = {"random": draw, "bytes": copy, "exp": raise_e}
    return {f"{name}: {what}": Case(run, lot.household_weeks) for what, run in work.items()}
