"""Synthetic households: their members, traits and lots, from a few targets and keyed draws."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int16, Int64
from scipy.special import ndtri

from returnsim.contacts import make_contacts
from returnsim.core.inputs import NOT_LATER, Class, Population
from returnsim.draws import MOST_CONTACT_DRAWS, Draws, Once
from returnsim.errors import UsageError

MOST_OF_A_KIND = 30
"""No household has more members of a class than this beyond its head and partner."""

LARGEST_MEAN = 12.0
"""Up to this mean, cutting the numbers at `MOST_OF_A_KIND` moves the mean by less than 1e-5."""

ELDERLY_SPAN, OLDEST = 8.0, 95.0
SMALLEST = np.nextafter(0.0, 1.0)
ROUNDING = 1e-12


class PopulationSpec(NamedTuple):
    """Targets of a synthetic population, named as in the scenario's ``population``.

    Attributes
    ----------
    households : int
        In camp at the start, at least 1.
    household_size : float
        Mean number of members.
    shares : array, shape (K,)
        Shares of all people, by class.
    single_men_households : float
        Share of households that are one man of conscription age.
    women_headed_households : float
        Share of the other households, the families, that a woman heads.
    origins : array, shape (O,)
        Shares of households, by origin.
    wanted_share : float
        Share of the households with a man of 18 to 59 in which somebody is wanted.
    vulnerable_share : float
        Share of households with somebody ill, pregnant or an infant.
    contacts : int
        Mean number of contacts of those in camp at the start, even.
    contacts_rewired : float
        Share of links that lead anywhere instead of to a neighbour.
    reserves_weeks, goods_weeks : float
        Medians, in weeks of subsistence.
    income : float
        Median, in weeks of subsistence a week.
    reserves_log_sd, income_log_sd, goods_log_sd : float
        Standard deviations of the logarithms.
    remittance_share : float
        Share of households that are sent money.
    remittance : float
        What these are sent, in weeks of subsistence a week.
    """

    households: int
    household_size: float
    shares: Float[np.ndarray, "K"]
    single_men_households: float
    women_headed_households: float
    origins: Float[np.ndarray, "O"]
    wanted_share: float
    vulnerable_share: float
    contacts: int
    contacts_rewired: float
    reserves_weeks: float
    reserves_log_sd: float
    income: float
    income_log_sd: float
    remittance_share: float
    remittance: float
    goods_weeks: float
    goods_log_sd: float


class Composition(NamedTuple):
    """Closed-form make-up of the families (households that are not one single man).

    Attributes
    ----------
    head : array, shape (K,)
        Probability that the head is of each class; nobody is headed by a child.
    partner : float
        Probability of a woman beside a head who is a man under 60.
    more : array, shape (K,)
        Poisson means of further members of each class; of children, in families whose head is not
        elderly (half as many where the head is elderly).
    """

    head: Float[np.ndarray, "K"]
    partner: float
    more: Float[np.ndarray, "K"]


def composition(spec: PopulationSpec) -> Composition:
    """Work out the make-up that reaches the target shares exactly in expectation.

    Raises
    ------
    UsageError
        If no make-up can: single men or heads of families ask for more than the shares give, or
        families would be too large to be drawn.
    """
    families = 1.0 - spec.single_men_households
    if families <= 0:
        raise UsageError("population.single_men_households: must be below 1: there are no families")
    wanted = np.asarray(spec.shares, dtype=float) * spec.household_size
    wanted[Class.MEN_CONSCRIPTION_AGE] -= spec.single_men_households
    if wanted[Class.MEN_CONSCRIPTION_AGE] < -ROUNDING:
        raise UsageError(
            "population.single_men_households: more men of conscription age live alone than "
            "population.shares.men_conscription_age times household_size gives; lower the one or "
            "raise the other"
        )
    each = np.maximum(wanted, 0.0) / families
    head = _heads(each, spec.women_headed_households)
    beside = head[Class.MEN_CONSCRIPTION_AGE] + head[Class.MEN_OLDER]
    left = each[Class.WOMEN] - head[Class.WOMEN]
    partner = min(1.0, max(0.0, left) / beside) if beside > 0 else 0.0
    more = each - head
    more[Class.WOMEN] -= partner * beside
    more[Class.CHILDREN] = each[Class.CHILDREN] / (1.0 - head[Class.ELDERLY] / 2.0)
    if more.max() > LARGEST_MEAN:
        raise UsageError(
            f"population.household_size: {spec.household_size:g} with these shares gives families "
            f"a mean of {more.max():.1f} further members of one class; the most that can be drawn "
            f"is {LARGEST_MEAN:g}; lower household_size"
        )
    return Composition(head, partner, np.maximum(more, 0.0))


def _heads(each: np.ndarray, women_headed: float) -> np.ndarray:
    men = np.zeros(len(Class))
    men[Class.MEN_CONSCRIPTION_AGE] = each[Class.MEN_CONSCRIPTION_AGE]
    men[Class.MEN_OLDER] = each[Class.MEN_OLDER]
    men[Class.ELDERLY] = each[Class.ELDERLY] / 2.0
    needed = 1.0 - women_headed
    if women_headed > each[Class.WOMEN] + ROUNDING:
        raise UsageError(
            "population.women_headed_households: more families are headed by women than "
            "population.shares.women gives; lower the one or raise the other"
        )
    if needed > men.sum() + ROUNDING:
        raise UsageError(
            f"population.shares: men and elderly give {men.sum():.2f} possible heads a family, "
            f"but {needed:.2f} are needed; raise their shares or women_headed_households"
        )
    head = men * needed / men.sum() if needed > ROUNDING else np.zeros(len(Class))
    head[Class.WOMEN] = women_headed
    return head


def make_population(
    spec: PopulationSpec, arrival_weeks: Int64[np.ndarray, "A"], draws: Draws
) -> Population:
    """Draw the households of some replicates.

    Parameters
    ----------
    spec : PopulationSpec
        Targets.
    arrival_weeks : array of int, shape (A,)
        Week of arrival of each household that comes later.
    draws : Draws
        One row a replicate; a household's traits depend on its number and replicate alone.

    Returns
    -------
    Population
        ``spec.households + A`` households a replicate.

    Raises
    ------
    UsageError
        If the targets cannot be met (`composition`), or contacts ask for more draws than there are.
    """
    if spec.contacts // 2 > MOST_CONTACT_DRAWS:
        raise UsageError(f"population.contacts: at most {2 * MOST_CONTACT_DRAWS} can be drawn")
    households = spec.households + len(arrival_weeks)

    def uniform(process: Once) -> np.ndarray:
        return draws.once(process, households)

    def lognormal(process: Once, median: float, log_sd: float) -> np.ndarray:
        return np.asarray(median * np.exp(log_sd * _normal(uniform(process))))

    members, head = _members(spec, draws, households)
    origin = _by_share(uniform(Once.ORIGIN), spec.origins)
    men = members[..., [Class.MEN_CONSCRIPTION_AGE, Class.MEN_OLDER]].any(axis=-1)
    start, rows = make_contacts(
        origin, spec.households, spec.contacts, spec.contacts_rewired, draws
    )
    lots = (Once.CHECKPOINT_0, Once.CHECKPOINT_1)
    return Population(
        members=members,
        arrival_week=np.concatenate(
            [np.full(spec.households, NOT_LATER), arrival_weeks], dtype=np.int64
        ),
        origin=origin,
        head_age=_head_age(head, uniform(Once.HEAD_AGE)),
        wanted=men & (uniform(Once.WANTED) < spec.wanted_share),
        vulnerable=uniform(Once.VULNERABLE) < spec.vulnerable_share,
        attachment=_normal(uniform(Once.ATTACHMENT)),
        income=lognormal(Once.INCOME, spec.income, spec.income_log_sd),
        remittance=spec.remittance * (uniform(Once.REMITTANCE) < spec.remittance_share),
        goods=lognormal(Once.GOODS, spec.goods_weeks, spec.goods_log_sd),
        reserves=lognormal(Once.RESERVES, spec.reserves_weeks, spec.reserves_log_sd),
        queue_lot=uniform(Once.QUEUE_LOT),
        ban_lot=uniform(Once.BAN_LOT),
        persuasion_lot=uniform(Once.PERSUASION_LOT),
        vetting_lot=uniform(Once.VETTING_LOT),
        settling_lot=uniform(Once.SETTLING_LOT),
        checkpoint_lots=np.stack([uniform(lot) for lot in lots], axis=-1),
        contact_start=start,
        contact_rows=rows,
    )


def make_members(spec: PopulationSpec, households: int, draws: Draws) -> Int16[np.ndarray, "R N K"]:
    """Draw who is in the households, and nothing else of them. Arguments as for `make_population`.

    Parameters
    ----------
    spec : PopulationSpec
        Targets.
    households : int
        Those who come later included.
    draws : Draws
        One row a replicate.
    """
    return _members(spec, draws, households)[0]


def _members(
    spec: PopulationSpec, draws: Draws, households: int
) -> tuple[Int16[np.ndarray, "R N K"], Int64[np.ndarray, "R N"]]:
    """Members by class, and the class of each head (a man of conscription age if single)."""
    make_up = composition(spec)
    single = spec.single_men_households
    u = draws.once(Once.HEAD, households)
    family = u >= single
    of_families = (u - single) / (1.0 - single)
    head = np.where(family, _by_share(of_families, make_up.head), Class.MEN_CONSCRIPTION_AGE)
    members = (head[..., None] == np.arange(len(Class))).astype(np.int16)
    beside = family & ((head == Class.MEN_CONSCRIPTION_AGE) | (head == Class.MEN_OLDER))
    members[..., Class.WOMEN] += beside & (draws.once(Once.PARTNER, households) < make_up.partner)
    for c, process in (
        (Class.CHILDREN, Once.CHILDREN),
        (Class.WOMEN, Once.MORE_WOMEN),
        (Class.MEN_CONSCRIPTION_AGE, Once.MORE_MEN_CONSCRIPTION_AGE),
        (Class.MEN_OLDER, Once.MORE_MEN_OLDER),
        (Class.ELDERLY, Once.MORE_ELDERLY),
    ):
        mean = np.full(u.shape, make_up.more[c])
        if c == Class.CHILDREN:
            mean = np.where(head == Class.ELDERLY, mean / 2.0, mean)
        number = _poisson(draws.once(process, households), mean)
        members[..., c] += np.where(family, number, 0).astype(np.int16)
    return members, head


def _head_age(head: np.ndarray, u: np.ndarray) -> Float[np.ndarray, "R N"]:
    """Years; even within the head's class, with an exponential tail from 60 on."""
    elderly = np.minimum(OLDEST, 60.0 - ELDERLY_SPAN * np.log1p(-u))
    spans = {
        Class.WOMEN: (18.0, 42.0),
        Class.MEN_CONSCRIPTION_AGE: (18.0, 25.0),
        Class.MEN_OLDER: (43.0, 17.0),
    }
    return np.select(
        [head == c for c in spans],
        [youngest + width * u for youngest, width in spans.values()],
        default=elderly,
    )


def _by_share(u: np.ndarray, shares: np.ndarray) -> Int64[np.ndarray, "R N"]:
    """Which share of a whole a uniform falls into."""
    bounds = np.cumsum(shares)[:-1] / np.sum(shares)
    return np.searchsorted(bounds, u, side="right").astype(np.int64)


def _normal(u: np.ndarray) -> np.ndarray:
    return np.asarray(ndtri(np.maximum(u, SMALLEST)))


def _poisson(u: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """Poisson numbers by inversion."""
    number = np.zeros(u.shape, dtype=np.int64)
    mass = np.exp(-mean)
    below = mass.copy()
    for k in range(1, MOST_OF_A_KIND + 1):
        number += u >= below
        mass = mass * mean / k
        below += mass
    return number
