"""The smallest change of a single lever at which a household's likeliest choice is another.

A lever is changed alone, and held until it is felt: hardship has settled at its target under the
new lever, and the danger perceived at home is the lever's own level. The purse, beliefs (and so
trust), who else has moved and all other levers stay as they are. What a guarantor enforces, what
its go-betweens claim and how news travels work through beliefs alone, and the corridor and the
files decide who leaves, not who asks to: these levers enter no choice of the week.

What makes life in the camp worse is not looked for: a tighter siege, less aid or care. It would be
found, as whoever is worse off in camp is likelier to leave, and be a recipe for pressing people
out.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int64

from returnsim.analysis.moments import Moment
from returnsim.assemble import Plan
from returnsim.core.hardship import target_of
from returnsim.core.inputs import Inputs
from returnsim.intervention import BY_ORIGIN, SINGLE
from returnsim.scenario.evidence import quantities
from returnsim.scenario.schema import Scenario

CELLS = 64
"""The range is looked at in so many steps; a change of mind that ends within one is not seen."""

HALVINGS = 30
"""Of the step in which the choice changes: to a hundred-billionth of the range."""

MOST_AT_ONCE = 200_000
NOT_WEIGHED = ("news",)
SETTLED = {"severity": -1, "aid": 1, "medical": 1}
"""Levers that hardship settles to, and which way they ease it: the other is not looked at."""

USUAL_HIGH = {
    "level": 2.0,
    "conditions": 2.0,
    "cost_weeks_of_subsistence": 10.0,
    "price_per_person": 10.0,
    "deferral_weeks": 52.0,
    "parties_per_week": 100.0,
    "people_per_week": 100.0,
    "salience": 10.0,
    "grace_weeks": 52.0,
    "capacity_files_per_week": 100.0,
    "persuasion": 2.0,
    "harms": 10.0,
    "exposure_weeks": 500.0,
}
"""How far the range of a lever without a bound reaches, here and on the explorer's sliders, where
the scenario goes no further."""


class Lever(NamedTuple):
    """One lever that enters the choice.

    Attributes
    ----------
    path : str
        In the scenario file.
    array : str
        Field of `Conditions`.
    column : int or None
        The guarantor's place, for a guarantor's lever.
    high : float
        The range goes from 0 to here.
    is_switch : bool
        Yes or no.
    """

    path: str
    array: str
    column: int | None = None
    high: float = 1.0
    is_switch: bool = False


class Flips(NamedTuple):
    """What changing one lever does to the likeliest choice of some households.

    Attributes
    ----------
    lever : Lever
    today : array, shape (n,)
        Its value for them in the week.
    at : array, shape (n,)
        The value nearest to it at which their likeliest choice is another; NaN where no value
        within the range that is looked at makes it so. Equal to ``today`` where the lever as it
        is, once felt, does.
    to : array, shape (n,)
        The alternative that is likeliest then; -1 where there is none.
    """

    lever: Lever
    today: Float[np.ndarray, "n"]
    at: Float[np.ndarray, "n"]
    to: Int64[np.ndarray, "n"]

    @property
    def change(self) -> Float[np.ndarray, "n"]:
        """Change as a share of the lever's range, with its sign; NaN where there is none."""
        return np.asarray((self.at - self.today) / self.lever.high)


def short_path(path: str) -> str:
    """A lever's path, as short as it is still known by."""
    name = path.removeprefix("levers.").removeprefix("guarantors.")
    for unit in ("_weeks_of_subsistence", "_weeks", "_per_person"):
        name = name.removesuffix(unit)
    return name


def levers_of(scenario: Scenario, plan: Plan, inputs: Inputs | None = None) -> list[Lever]:
    """Every lever that enters the choice.

    Shares go from 0 to 1. The range of others ends at the largest value that the scenario names
    for them anywhere, be it a value in force or the end of a plausible range; or at `USUAL_HIGH`.

    Parameters
    ----------
    scenario : Scenario
        Any.
    plan : Plan
        Made of it.
    inputs : Inputs, optional
        Of the replicates that are looked at; those of the plan by default.
    """
    conditions = (inputs or plan.inputs).conditions
    fields: list[tuple[str, str, str, int | None]] = [
        (f"levers.{name}", field, array, None)
        for name, arrays in (SINGLE | {n: dict([pair]) for n, pair in BY_ORIGIN.items()}).items()
        if name not in NOT_WEIGHED
        for field, array in arrays.items()
    ]
    fields.append(("levers.exit_ban", "strength", "ban", None))
    for g, name in enumerate(plan.guarantors):
        fields.append((f"guarantors.{name}", "active", "active", g))
        fields.append((f"guarantors.{name}", "price_per_person", "price", g))
    numbers = [(path, max((q.value, *(q.range or ())))) for path, q in quantities(scenario)]
    levers = []
    for owner, field, array, column in fields:
        values = getattr(conditions, array)
        high = 1.0
        if field in USUAL_HIGH:
            starts = (f"{owner}.", f"{owner}[")
            named = (n for path, n in numbers if path.startswith(starts) and field in path)
            high = max(USUAL_HIGH[field], float(values.max()), *named)
        levers.append(Lever(f"{owner}.{field}", array, column, high, values.dtype == bool))
    return levers


def today(moment: Moment, lever: Lever) -> Float[np.ndarray, "n"]:
    """A lever's value in the week for each household."""
    n, values = len(moment.household), getattr(moment.week, lever.array)
    if lever.column is not None:
        values = values[:, lever.column]
    elif lever.array == "ban":
        values = values.max(axis=1)
    elif values.ndim == 2:
        values = np.broadcast_to(values, (n, values.shape[1]))
        values = values[np.arange(n), moment.people.origin[:, 0]]
    return np.array(np.broadcast_to(values, n), dtype=float)


def changed(moment: Moment, lever: Lever, values: Float[np.ndarray, "n"]) -> Moment:
    """The same households with a lever at another value for each of them, and felt.

    Of an exit ban it is the strength that changes; whom it bars stays as it is.
    """
    n, before = len(moment.household), getattr(moment.week, lever.array)
    if lever.column is not None:
        after = np.broadcast_to(before, (n, before.shape[1])).copy()
        after[:, lever.column] = values
    elif lever.array == "ban":
        after = np.where(before > 0, values[:, None], 0.0)
    elif before.ndim == 2:
        after = np.repeat(values[:, None], before.shape[1], axis=1)
    else:
        after = values.astype(before.dtype)
    week = moment.week._replace(**{lever.array: after})
    state = moment.state
    if lever.array in SETTLED:
        settled = target_of(moment.rows, state.reserves, moment.people, week, moment.parameters)
        state = state._replace(hardship=settled)
    if lever.array == "threat":
        state = state._replace(perceived=after)
    return moment._replace(week=week, state=state)


def likeliest(moment: Moment) -> Int64[np.ndarray, "n"]:
    """The most probable alternative of each: 0 stay, 1 onward, 2 whole, then the splits."""
    return np.asarray(moment.probabilities().argmax(axis=0))


def smallest_changes(moment: Moment, levers: list[Lever]) -> list[Flips]:
    """The nearest value of each lever at which each household's likeliest choice is another.

    The whole range is looked at, for a choice need not change in one direction alone, but of levers
    of hardship what eases it; then the step in which it changes is halved. Choices may jump, where
    a fare can just be paid, so that nothing is taken to be smooth.
    """
    at_once = max(1, MOST_AT_ONCE // (CELLS + 1))
    starts = range(0, len(moment.household), at_once)
    parts = [list(_changes(_part(moment, start, at_once), levers)) for start in starts]
    return [
        Flips(lever, *(np.concatenate([part[i][f] for part in parts]) for f in (1, 2, 3)))
        for i, lever in enumerate(levers)
    ]


def _part(moment: Moment, start: int, number: int) -> Moment:
    return moment.take(np.arange(start, min(start + number, len(moment.household))))


def _changes(moment: Moment, levers: list[Lever]) -> Iterator[Flips]:
    n = len(moment.household)
    tiled = moment.take(np.tile(np.arange(n), CELLS + 1))
    switched = moment.take(np.tile(np.arange(n), 2))
    was = likeliest(moment)
    for lever in levers:
        grid = np.linspace(0.0, lever.high, 2 if lever.is_switch else CELLS + 1)
        over = switched if lever.is_switch else tiled
        choice = likeliest(changed(over, lever, np.repeat(grid, n))).reshape(len(grid), n)
        yield _nearest(moment, lever, was, grid, choice != was)


def _nearest(
    moment: Moment,
    lever: Lever,
    was: Int64[np.ndarray, "n"],
    grid: Float[np.ndarray, "V"],
    differs: Bool[np.ndarray, "V n"],
) -> Flips:
    """Choose between today's value, where that is enough, and the changes up and down."""
    now = today(moment, lever)
    here = np.where(likeliest(changed(moment, lever, now)) != was, now, np.nan)
    eases = SETTLED.get(lever.array, 0)
    found = [here]
    if eases >= 0:
        found.append(_edge(moment, lever, was, grid, differs))
    if eases <= 0:
        found.append(_edge(moment, lever, was, grid[::-1], differs[::-1]))
    stacked = np.stack(found)
    far = np.where(np.isnan(stacked), np.inf, np.abs(stacked - now))
    at = np.take_along_axis(stacked, far.argmin(axis=0)[None], axis=0)[0]
    to = np.full(len(now), -1)
    flips = np.flatnonzero(~np.isnan(at))
    to[flips] = likeliest(changed(moment.take(flips), lever, at[flips]))
    return Flips(lever, now, at, to)


def _edge(
    moment: Moment,
    lever: Lever,
    was: Int64[np.ndarray, "n"],
    grid: Float[np.ndarray, "V"],
    differs: Bool[np.ndarray, "V n"],
) -> Float[np.ndarray, "n"]:
    """The first value along the grid, beyond today's, at which the choice is another."""
    now = today(moment, lever)
    ahead = (grid[:, None] - now) * (grid[-1] - grid[0]) > 0
    beyond = differs & ahead
    found = np.full(len(now), np.nan)
    there = np.flatnonzero(beyond.any(axis=0))
    if not len(there):
        return found
    first = beyond[:, there].argmax(axis=0)
    outer, before = grid[first], np.maximum(first - 1, 0)
    if not lever.is_switch:
        inner = np.where(ahead[before, there], grid[before], now[there])
        outer = _halved(moment.take(there), lever, was[there], inner, outer)
    found[there] = outer
    return found


def _halved(
    moment: Moment,
    lever: Lever,
    was: Int64[np.ndarray, "n"],
    inner: Float[np.ndarray, "n"],
    outer: Float[np.ndarray, "n"],
) -> Float[np.ndarray, "n"]:
    """Narrow the step in which the choice changes, and give its end where it is another."""
    for _ in range(HALVINGS):
        middle = (inner + outer) / 2
        differs = likeliest(changed(moment, lever, middle)) != was
        inner, outer = np.where(differs, inner, middle), np.where(differs, middle, outer)
    return outer
