"""Households as the choice of a week finds them, each apart so that it can be given other levers.

The states are those of the core's own run: nothing here decides anything.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, TypeVar

import numpy as np
from jaxtyping import Float, Int64

from returnsim.assemble import BLOCK, Plan, block_of
from returnsim.core.decision import CLOSED, HOME_ROW, Outlook, Weighed, outlook_on, weigh
from returnsim.core.decision import probabilities as probabilities_of
from returnsim.core.inputs import (
    WEEKS_PER_YEAR,
    Class,
    Conditions,
    Parameters,
    Place,
    Population,
    week_of,
)
from returnsim.core.rows import Rows
from returnsim.core.state import NOBODY, State
from returnsim.core.trust import Beliefs, survival
from returnsim.core.week import Camp, Happened, open_camp, step
from returnsim.draws import Draws, Weekly

BY_REPLICATE = {"perceived": 0, "parties_last_week": 0, "stock": 0} | dict.fromkeys(
    ("public_safe", "public_harm", "public_passage"), 1
)
"""Fields of a state that a replicate has once, with the axis of replicates; others end in rows."""

NOT_OF_ONE = ("arrival_week", "contact_start", "contact_rows")
"""Fields of a population that mean nothing of a household apart."""


Numbers = TypeVar("Numbers", Conditions, Parameters)


class Week(NamedTuple):
    """A week of a block of replicates: as the choice finds it, and as it ends."""

    t: int
    before: State  # as the choice finds it
    happened: Happened
    camp: Camp  # with its state at the end of the week


class Moment(NamedTuple):
    """Some households as the choice of a week finds them, each a replicate of its own.

    Attributes
    ----------
    t : int
        The week, from 0.
    replicate, household : array, shape (n,)
        Who they are, by number.
    state, people, beliefs
        What is so of them: ``n`` replicates of one household.
    week : Conditions
        The levers of the week, one case for all or one for each household.
    parameters : Parameters
        Likewise.
    """

    t: int
    replicate: Int64[np.ndarray, "n"]
    household: Int64[np.ndarray, "n"]
    state: State
    people: Population
    beliefs: Beliefs
    week: Conditions
    parameters: Parameters

    @property
    def rows(self) -> Rows:
        """All of them."""
        return Rows(np.arange(len(self.household)), 1)

    @property
    def head_age(self) -> Float[np.ndarray, "n"]:
        """Age of the head in that week, in years."""
        return np.asarray(self.people.head_age[:, 0] + self.t / WEEKS_PER_YEAR)

    @property
    def men(self) -> np.ndarray:
        """Whether a man of conscription age is in camp."""
        return np.asarray(self.state.members[Place.CAMP, Class.MEN_CONSCRIPTION_AGE] > 0)

    def weighed(self) -> Weighed:
        """What they have before them."""
        return weigh(
            *(self.rows, self.state, self.people, self.beliefs),
            *(self.week, self.parameters, self.t),
        )

    def probabilities(self) -> Float[np.ndarray, "A n"]:
        """How likely each alternative is to them: stay, onward, whole, and the splits."""
        return probabilities_of(self.weighed(), self.state, self.week)

    def way(self, option: Int64[np.ndarray, "n"], guarantor: Int64[np.ndarray, "n"]) -> Outlook:
        """One way home of each (options from 1), term by term; NaN where ``guarantor`` is -1."""
        standing = self.weighed().standing
        return outlook_on(
            option, guarantor, standing, self.state, self.beliefs, self.week, self.parameters
        )

    def best_way(self) -> tuple[Int64[np.ndarray, "n"], Int64[np.ndarray, "n"]]:
        """Option (from 1) and guarantor of the best way home that they may choose.

        Of the registered it is the one that they are registered for. The guarantor is -1 where
        there is none: nothing is open, an exit ban bars it, or the registration lapses.
        """
        seen = self.weighed()
        home = seen.utilities[HOME_ROW:]
        option = home.argmax(axis=0)
        whose = np.take_along_axis(seen.offers.guarantor, option[None], axis=0)[0]
        whose = np.where(home.max(axis=0) > CLOSED, whose, NOBODY)
        registered = self.state.option.astype(np.int64)
        is_registered = registered > 0
        goers = np.take_along_axis(self.state.option_size, registered[None] - 1, axis=0)[0]
        holds = (seen.offers.registered > CLOSED) & (goers > 0)
        kept = np.where(holds, self.state.guarantor, NOBODY)
        return (
            np.where(is_registered, registered, option + 1),
            np.where(is_registered, kept, whose).astype(np.int64),
        )

    def take(self, chosen: Int64[np.ndarray, "m"]) -> "Moment":
        """Some of them, in any order and as often as they are named."""
        own = len(self.parameters.weight) > 1
        return self._replace(
            week=_of_cases(self.week, chosen) if own else self.week,
            parameters=_of_cases(self.parameters, chosen) if own else self.parameters,
            replicate=self.replicate[chosen],
            household=self.household[chosen],
            state=_state_of(self.state, chosen, chosen),
            people=_people_of(self.people, chosen),
            beliefs=Beliefs(*(belief[:, chosen] for belief in self.beliefs)),
        )


class _LookingOn(Draws):
    """Draws that have a look taken just before the choice, whose uniforms are asked for there."""

    look: Callable[[], None] | None = None

    def weekly(
        self, process: Weekly, week: int, households: int, out: np.ndarray | None = None
    ) -> Float[np.ndarray, "R N"]:
        if process == Weekly.CHOICE and self.look is not None:
            self.look()
        return super().weekly(process, week, households, out)


def live(
    plan: Plan, replicates: list[int], wanted: Callable[[int], bool] = lambda _: True
) -> Iterator[Week]:
    """Live through a plan, and give the weeks that are wanted as they pass.

    Parameters
    ----------
    plan : Plan
        Of any scenario.
    replicates : list of int
        By number.
    wanted : callable
        Whether a week is to be given.

    Yields
    ------
    Week
        Its end is only true until the next is asked for; what the choice found stays.
    """
    draws = _LookingOn(plan.seed, replicates)
    inputs, people, _ = block_of(plan, replicates)
    camp = open_camp(inputs, people, draws)
    before: list[State] = []
    for t in range(len(plan.inputs.conditions.severity)):
        before.clear()
        draws.look = (lambda: before.append(_copy(camp.state))) if wanted(t) else None
        happened = step(camp, t)
        if before:
            yield Week(t, before[0], happened, camp)


def moment_of(
    week: Week, replicates: list[int], chosen: Int64[np.ndarray, "n"] | None = None
) -> Moment:
    """Set households of a week apart.

    Parameters
    ----------
    week : Week
        From `live`.
    replicates : list of int
        Those that were lived through.
    chosen : array, optional
        Their rows; all that are in camp by default.
    """
    p, people, state = week.camp.inputs.parameters, week.camp.people, week.before
    index = np.flatnonzero(state.camp_size > 0) if chosen is None else chosen
    rows = Rows(index, people.members.shape[1])
    kappa, omega = state.kappa[:, index], state.omega[:, index]
    trust = survival(kappa, omega, rows.of(p.horizon_weeks))
    conditions = week_of(week.camp.inputs.conditions, week.t)
    if len(p.weight) > 1:
        # Each household is a replicate of its own, with the numbers of the one that it is of.
        p, conditions = _of_cases(p, rows.replicate), _of_cases(conditions, rows.replicate)
    return Moment(
        t=week.t,
        replicate=np.asarray(replicates, dtype=np.int64)[rows.replicate],
        household=index % people.members.shape[1],
        state=_state_of(state, index, rows.replicate),
        people=_people_of(people, index),
        beliefs=Beliefs(kappa, omega, np.asarray(trust)),
        week=conditions,
        parameters=p,
    )


def moment_in(plan: Plan, replicates: int, t: int) -> Moment:
    """All households in camp in a week of the first so many replicates."""
    parts = []
    for start in range(0, replicates, BLOCK):
        numbers = list(range(start, min(start + BLOCK, replicates)))
        week = next(live(plan, numbers, lambda week: week == t))
        parts.append(moment_of(week, numbers))
    return _joined(parts)


def _copy(state: State) -> State:
    return State(*(field.copy() for field in state))


def _of_cases(numbers: Numbers, chosen: np.ndarray) -> Numbers:
    """The numbers of some cases, in any order and as often as they are named."""
    return type(numbers)(
        **{
            name: values if name == "options" else values[chosen]
            for name, values in numbers._asdict().items()
        }
    )


def _state_of(state: State, index: np.ndarray, replicate: np.ndarray) -> State:
    """The state of some rows, each a replicate of its own."""

    def part(name: str, field: np.ndarray) -> np.ndarray:
        if name in BY_REPLICATE:
            return np.asarray(field.take(replicate, axis=BY_REPLICATE[name]))
        return np.asarray(field[..., index])

    return State(*(part(name, field) for name, field in zip(State._fields, state, strict=True)))


def _people_of(people: Population, index: np.ndarray) -> Population:
    """Traits of some rows, each a replicate of its own; whom they know is left out."""

    def part(name: str, field: np.ndarray) -> np.ndarray:
        if name in NOT_OF_ONE:
            return np.empty(0, dtype=np.int64)
        return np.asarray(field.reshape(-1, *field.shape[2:])[index][:, None])

    fields = zip(Population._fields, people, strict=True)
    return Population(*(part(name, field) for name, field in fields))


def _joined(parts: list[Moment]) -> Moment:
    """Households of several blocks, one after the other."""
    if len(parts) == 1:
        return parts[0]

    def states(name: str) -> np.ndarray:
        return np.concatenate(
            [getattr(part.state, name) for part in parts], axis=BY_REPLICATE.get(name, -1)
        )

    def traits(name: str) -> np.ndarray:
        return np.concatenate([getattr(part.people, name) for part in parts])

    def cases(numbers: Sequence[Numbers]) -> Numbers:
        if len(parts[0].parameters.weight) == 1:
            return numbers[0]
        told = numbers[0]._asdict()
        return type(numbers[0])(
            **{
                name: told[name]
                if name == "options"
                else np.concatenate([getattr(one, name) for one in numbers])
                for name in told
            }
        )

    beliefs = zip(*(part.beliefs for part in parts), strict=True)
    return parts[0]._replace(
        week=cases([part.week for part in parts]),
        parameters=cases([part.parameters for part in parts]),
        replicate=np.concatenate([part.replicate for part in parts]),
        household=np.concatenate([part.household for part in parts]),
        state=State(*(states(name) for name in State._fields)),
        people=Population(*(traits(name) for name in Population._fields)),
        beliefs=Beliefs(*(np.concatenate(belief, axis=1) for belief in beliefs)),
    )
