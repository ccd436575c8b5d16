"""What the core is given: numbers only, no names of scenario files.

Axes, everywhere in this order: weeks ``T``, cases ``C``, replicates ``R``, households ``N``,
guarantors ``G``, origins ``O``, options of going ``P`` (whole first, then the splits) and classes
``K``. ``C`` is 1 where every replicate has the same numbers, or ``R`` where each row has its own,
so that one block can hold many cases. In the arrays of a state, rows of households come last.
"""

from enum import IntEnum
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int16, Int32, Int64

UNLIMITED = 2**40
"""Places or files a week where there is no limit."""

UNIT = 1024
"""Integer parts of one unit of exposure: sums of news are exact in any order."""

NOT_LATER = -1
"""Arrival week of the households that are in the camp from the start."""

WEEKS_PER_YEAR = 365.25 / 7


class Class(IntEnum):
    """Classes of members, in the order of the axis ``K``."""

    CHILDREN = 0
    WOMEN = 1
    MEN_CONSCRIPTION_AGE = 2
    MEN_OLDER = 3
    ELDERLY = 4


class Place(IntEnum):
    """Where a member is. Home, held and detained are kept by party: 0 went first, 1 followed."""

    CAMP = 0
    HOME_0 = 1
    HOME_1 = 2
    HELD_0 = 3
    HELD_1 = 4
    DETAINED_0 = 5
    DETAINED_1 = 6
    DISAPPEARED = 7
    CONSCRIPTED = 8
    KILLED = 9
    DIED = 10
    ONWARD = 11


class Parameters(NamedTuple):
    """What stays the same over a run. Names and formulas: ``docs/model.md``."""

    weight: Float[np.ndarray, "C"]  # people of the real camp that one simulated person stands for
    # behaviour, log-odds
    intercept: Float[np.ndarray, "C"]
    hardship: Float[np.ndarray, "C"]
    age: Float[np.ndarray, "C"]
    attachment: Float[np.ndarray, "C"]
    services: Float[np.ndarray, "C"]
    norm: Float[np.ndarray, "C"]
    reunite: Float[np.ndarray, "C"]
    perceived_risk: Float[np.ndarray, "C"]
    conscription: Float[np.ndarray, "C"]
    cost: Float[np.ndarray, "C"]
    separation: Float[np.ndarray, "C"]
    onward_intercept: Float[np.ndarray, "C"]
    commitment: Float[np.ndarray, "C"]
    horizon_weeks: Float[np.ndarray, "C"]
    intention_weeks: Float[np.ndarray, "C"]
    threshold: Bool[np.ndarray, "C"]  # the best is chosen for certain, not by the logit
    options: Bool[np.ndarray, "P K"]  # which classes go; row 0 is everyone
    # beliefs
    kappa0: Float[np.ndarray, "C G"]
    omega0: Float[np.ndarray, "C G"]
    forgetting: Float[np.ndarray, "C"]  # f, a week
    threat_news_weeks: Float[np.ndarray, "C"]
    passage_weeks: Float[np.ndarray, "C"]
    public_weight: Float[np.ndarray, "C"]
    harm_held: Int64[np.ndarray, "C"]  # weights in 1/UNIT
    harm_detained: Int64[np.ndarray, "C"]
    harm_killed: Int64[np.ndarray, "C"]
    harm_conscripted_early: Int64[np.ndarray, "C"]
    # livelihood
    hardship_speed: Float[np.ndarray, "C"]
    hunger_point: Float[np.ndarray, "C"]
    hunger_width: Float[np.ndarray, "C"]
    relief: Float[np.ndarray, "C"]
    relief_half_weeks: Float[np.ndarray, "C"]
    medical_hardship: Float[np.ndarray, "C"]
    price_rise: Float[np.ndarray, "C"]
    purchased_share: Float[np.ndarray, "C"]
    # hazards, a week
    exposure: Int64[np.ndarray, "C K"]  # in 1/UNIT
    exposure_wanted: Int64[np.ndarray, "C K"]
    harm_per_week: Float[np.ndarray, "C"]
    killed_share: Float[np.ndarray, "C"]
    conscription_per_week: Float[np.ndarray, "C"]
    births_per_woman: Float[np.ndarray, "C"]
    death_per_week: Float[np.ndarray, "C K"]
    death_closed_care: Float[np.ndarray, "C"]
    # custody
    hold: Float[np.ndarray, "C K"]
    held_release_per_week: Float[np.ndarray, "C"]
    held_arrest_per_week: Float[np.ndarray, "C"]
    detained_released_per_week: Float[np.ndarray, "C"]
    detained_disappeared_per_week: Float[np.ndarray, "C"]
    detained_died_per_week: Float[np.ndarray, "C"]
    # passage
    lorry_sharing: Float[np.ndarray, "C"]
    lorry_sharing_parties: Float[np.ndarray, "C"]
    retry_weeks: Float[np.ndarray, "C"]
    # guarantors
    covers: Bool[np.ndarray, "C G O"]
    grace_weeks: Float[np.ndarray, "C G"]  # inf: never ends
    settles_wanted: Float[np.ndarray, "C G"]
    believed_settles: Float[np.ndarray, "C G"]
    refusal: Float[np.ndarray, "C G"]
    persuasion_reach: Float[np.ndarray, "C G"]


class Conditions(NamedTuple):
    """The levers, week by week.

    Attributes
    ----------
    severity
        Share of the usual supply that does not come in.
    aid
        Share of the camp's subsistence that aid covers.
    medical
        Share of the care needed that can be had.
    corridor_open
        Whether anyone may pass.
    places
        Parties of the simulated camp that may leave this week, or UNLIMITED.
    ban
        Strength of the exit ban on each class.
    threat
        Danger at home, as a multiple of the hazards as stated.
    enforced
        How far the draft is enforced.
    deferral
        Weeks after return for which the draft is promised to wait.
    services
        Conditions at home.
    transport_cost
        Cost of the way home, in weeks of subsistence.
    subsidy
        Share of that cost that somebody else pays.
    onward_open
        Whether the route elsewhere can be taken.
    onward_cost
        Cost of that route, in weeks of subsistence.
    reach
        Share of the news that arrives.
    salience
        How much more one harm heard of weighs than one harm counted.
    spill
        Share at which news of one guarantor [second] counts for another [first].
    active
        Whether a guarantor can be asked.
    enforcement
        Share of harm that it prevents during the grace period.
    enforcement_after_grace
        Share of harm that it prevents afterwards.
    card_protection
        Share of the danger at checkpoints from which its papers protect.
    files
        Households of the simulated camp whose files it can work through this week, or UNLIMITED.
    persuasion
        Safety that its go-betweens claim, in exposure-weeks.
    price
        What it asks for a person, in weeks of subsistence.
    """

    severity: Float[np.ndarray, "T C"]
    aid: Float[np.ndarray, "T C"]
    medical: Float[np.ndarray, "T C"]
    corridor_open: Bool[np.ndarray, "T C"]
    places: Int64[np.ndarray, "T C"]
    ban: Float[np.ndarray, "T C K"]
    threat: Float[np.ndarray, "T C O"]
    enforced: Float[np.ndarray, "T C"]
    deferral: Float[np.ndarray, "T C"]
    services: Float[np.ndarray, "T C O"]
    transport_cost: Float[np.ndarray, "T C"]
    subsidy: Float[np.ndarray, "T C"]
    onward_open: Bool[np.ndarray, "T C"]
    onward_cost: Float[np.ndarray, "T C"]
    reach: Float[np.ndarray, "T C"]
    salience: Float[np.ndarray, "T C"]
    spill: Float[np.ndarray, "T C G G"]
    active: Bool[np.ndarray, "T C G"]
    enforcement: Float[np.ndarray, "T C G"]
    enforcement_after_grace: Float[np.ndarray, "T C G"]
    card_protection: Float[np.ndarray, "T C G"]
    files: Int64[np.ndarray, "T C G"]
    persuasion: Float[np.ndarray, "T C G"]
    price: Float[np.ndarray, "T C G"]


class Population(NamedTuple):
    """The households of a block of replicates and their fixed traits.

    Attributes
    ----------
    members
        People in it when it is first in the camp, by class.
    arrival_week
        Week in which it comes to the camp, or NOT_LATER.
    origin
        Where it comes from, and would return to.
    head_age
        Age of its head at the start of the run, in years.
    wanted
        Whether a deserter, defector, former fighter or activist is among its men.
    vulnerable
        Whether it has chronic illness, pregnancy or infants.
    attachment
        Attachment to home, standard normal.
    income
        Income without siege, in weeks of subsistence a week.
    remittance
        Money from abroad, in weeks of subsistence a week.
    goods
        What it could sell, in weeks of subsistence.
    reserves
        Savings at the start, in weeks of subsistence.
    queue_lot
        Its place among those registered in the same week.
    ban_lot
        Barred where an exit ban on its goers is stronger than this.
    persuasion_lot
        Reached by go-betweens where their reach is larger than this.
    vetting_lot
        Refused where a guarantor's share of refusals is larger than this.
    settling_lot
        Its file settled where a guarantor's share is larger than this.
    checkpoint_lots
        Who of a party is held at the checkpoint, by party.
    contact_start
        Where each household's contacts begin in ``contact_rows``.
    contact_rows
        Households that it knows, ascending, never itself.
    """

    members: Int16[np.ndarray, "R N K"]
    arrival_week: Int64[np.ndarray, "N"]
    origin: Int64[np.ndarray, "R N"]
    head_age: Float[np.ndarray, "R N"]
    wanted: Bool[np.ndarray, "R N"]
    vulnerable: Bool[np.ndarray, "R N"]
    attachment: Float[np.ndarray, "R N"]
    income: Float[np.ndarray, "R N"]
    remittance: Float[np.ndarray, "R N"]
    goods: Float[np.ndarray, "R N"]
    reserves: Float[np.ndarray, "R N"]
    queue_lot: Float[np.ndarray, "R N"]
    ban_lot: Float[np.ndarray, "R N"]
    persuasion_lot: Float[np.ndarray, "R N"]
    vetting_lot: Float[np.ndarray, "R N"]
    settling_lot: Float[np.ndarray, "R N"]
    checkpoint_lots: Float[np.ndarray, "R N 2"]
    contact_start: Int64[np.ndarray, "rows_plus_1"]  # CSR over the rows r * N + n
    contact_rows: Int32[np.ndarray, "links"]


class Inputs(NamedTuple):
    """All that the core needs for any replicates of a scenario, besides the population."""

    parameters: Parameters
    conditions: Conditions
    first_calendar_week: int  # whole weeks from Monday 1970-01-05 to the start
    record_from: int  # first week that is recorded


def week_of(conditions: Conditions, week: int) -> Conditions:
    """One week of the levers: the same fields without the first axis."""
    return Conditions(*(field[week] for field in conditions))


def stack(cases: list[Inputs], replicates: list[int]) -> Inputs:
    """Put several cases into one block, one row a replicate.

    Parameters
    ----------
    cases : list of Inputs
        Each with ``C = 1`` and the same weeks, options, guarantors and origins.
    replicates : list of int
        How many rows each case takes.

    Returns
    -------
    Inputs
        With ``C`` equal to the sum of ``replicates``.

    Raises
    ------
    ValueError
        If the cases differ in what a block must share.
    """
    first = cases[0]
    for case in cases[1:]:
        same_time = (case.first_calendar_week, case.record_from) == (
            first.first_calendar_week,
            first.record_from,
        )
        if not same_time or not np.array_equal(case.parameters.options, first.parameters.options):
            raise ValueError("cases in one block must share their calendar and their options")
    shared = {"options"}
    parameters = Parameters(
        **{
            name: getattr(first.parameters, name)
            if name in shared
            else np.repeat(
                np.concatenate([getattr(c.parameters, name) for c in cases]), replicates, axis=0
            )
            for name in Parameters._fields
        }
    )
    conditions = Conditions(
        **{
            name: np.repeat(
                np.concatenate([getattr(c.conditions, name) for c in cases], axis=1),
                replicates,
                axis=1,
            )
            for name in Conditions._fields
        }
    )
    return Inputs(parameters, conditions, first.first_calendar_week, first.record_from)
