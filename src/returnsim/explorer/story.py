"""One household's story: what it heard and believed week by week, and where those it knows went."""

import re
from typing import NamedTuple

import numpy as np

from returnsim.analysis.explain import ExplainedHousehold, explain_household
from returnsim.analysis.moments import Week, live
from returnsim.assemble import plan_run
from returnsim.core.inputs import Place
from returnsim.core.trust import survival
from returnsim.errors import UsageError
from returnsim.explorer.desk import Poll
from returnsim.explorer.words import PLACES
from returnsim.scenario.schema import Scenario

WHERE = tuple(
    (told, tuple(place for place in Place if re.sub("_[01]$", "", place.name.lower()) == name))
    for name, told in PLACES.items()
)


class Story(NamedTuple):
    """What a household lived through, in every week of a replicate.

    Attributes
    ----------
    trust : array, shape (G, W)
        In each guarantor; NaN where nobody of it is in the camp.
    harms, weeks_lived : array, shape (G, W)
        What it holds in mind of each: harms, and weeks lived under its word without.
    hardship : array, shape (W,)
        NaN where nobody of it is in the camp.
    contacts : list of int
        The households that it knows.
    places : array, shape (W, contacts, places)
        Their members by `WHERE`.
    """

    trust: np.ndarray
    harms: np.ndarray
    weeks_lived: np.ndarray
    hardship: np.ndarray
    contacts: list[int]
    places: np.ndarray

    def contact_at(self, place: int, week: int) -> str:
        """Where the members of a contact are at the end of a week."""
        counts = self.places[week, place]
        there = [f"{n} {name}" for (name, _), n in zip(WHERE, counts.tolist(), strict=True) if n]
        return ", ".join(there) or "not yet arrived"


def households_of(scenario: Scenario, seed: int, households: int | None) -> int:
    """How many households there are to look at, those that come later included."""
    return plan_run(scenario, seed, households).all_households


def explained(
    scenario: Scenario,
    seed: int,
    households: int | None,
    household: int,
    replicate: int,
    week: int | None,
    poll: Poll,
) -> ExplainedHousehold:
    """Why a household chooses what it does in a week."""
    plan = plan_run(scenario, seed, households)
    return explain_household(scenario, plan, household, replicate, week, poll)


def story_of(
    scenario: Scenario,
    seed: int,
    households: int | None,
    household: int,
    replicate: int,
    poll: Poll,
) -> Story:
    """Live through a replicate with an eye on one household."""
    plan = plan_run(scenario, seed, households)
    number = plan.all_households
    if household >= number:
        raise UsageError(
            f"household {household}: there is none; they are numbered 0 to {number - 1}"
        )
    contacts: list[int] = []
    rows: list[tuple[np.ndarray, ...]] = []
    for week in live(plan, [replicate]):
        if not rows:
            people = week.camp.people
            start, end = people.contact_start[household : household + 2]
            contacts = people.contact_rows[start:end].tolist()
        rows.append(_row(week, household, contacts))
        poll(week.t)
    trust, harms, lived, hardship, places = (np.array(part) for part in zip(*rows, strict=True))
    return Story(trust.T, harms.T, lived.T, hardship, contacts, places)


def _row(week: Week, household: int, contacts: list[int]) -> tuple[np.ndarray, ...]:
    before, state = week.before, week.camp.state
    horizon = float(week.camp.inputs.parameters.horizon_weeks[0])
    kappa, omega = before.kappa[:, household], before.omega[:, household]
    there = before.camp_size[household] > 0
    trust = np.asarray(survival(kappa, omega, horizon)) if there else np.full(len(kappa), np.nan)
    hardship = before.hardship[household] if there else np.nan
    members = state.members[:, :, contacts].sum(axis=1)
    places = np.stack([members[list(where)].sum(axis=0) for _, where in WHERE], axis=-1)
    return trust, kappa.copy(), omega.copy(), np.asarray(hardship), places
