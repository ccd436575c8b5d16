"""The synthetic camp meets its targets, and no household depends on how many there are."""

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.stats import expon, kstest, uniform

from returnsim.core.inputs import NOT_LATER, Class, Population
from returnsim.draws import Draws, Once
from returnsim.errors import UsageError
from returnsim.population import PopulationSpec, composition, make_population

K_SE = 4.5
LINKS = {"contact_start", "contact_rows", "arrival_week"}
NOBODY_LATER = np.empty(0, dtype=np.int64)


def spec_of(**changes: object) -> PopulationSpec:
    values = {
        "households": 4000,
        "household_size": 4.7,
        "shares": np.array([0.56, 0.21, 0.14, 0.05, 0.04]),
        "single_men_households": 0.05,
        "women_headed_households": 0.15,
        "origins": np.array([0.5, 0.3, 0.2]),
        "wanted_share": 0.2,
        "vulnerable_share": 0.3,
        "contacts": 12,
        "contacts_rewired": 0.1,
        "reserves_weeks": 27.0,
        "reserves_log_sd": 1.0,
        "income": 1.2,
        "income_log_sd": 0.5,
        "remittance_share": 0.2,
        "remittance": 0.3,
        "goods_weeks": 3.0,
        "goods_log_sd": 1.0,
    }
    return PopulationSpec(**(values | changes))


def population(spec: PopulationSpec, arrivals: int = 0, replicates: int = 1) -> Population:
    weeks = np.arange(arrivals, dtype=np.int64)
    return make_population(spec, weeks, Draws(7, list(range(replicates))))


def expected_members(spec: PopulationSpec) -> np.ndarray:
    """Mean members by class from the closed form."""
    make_up = composition(spec)
    beside = make_up.head[Class.MEN_CONSCRIPTION_AGE] + make_up.head[Class.MEN_OLDER]
    family = make_up.head + make_up.more
    family[Class.WOMEN] += make_up.partner * beside
    family[Class.CHILDREN] -= make_up.more[Class.CHILDREN] * make_up.head[Class.ELDERLY] / 2
    members = family * (1 - spec.single_men_households)
    members[Class.MEN_CONSCRIPTION_AGE] += spec.single_men_households
    return members


@settings(max_examples=80, deadline=None)
@given(
    weights=st.lists(st.floats(0.02, 1), min_size=5, max_size=5),
    size=st.floats(1.5, 9),
    single=st.floats(0, 0.3),
    women_headed=st.floats(0, 0.5),
)
def test_the_make_up_meets_the_targets_exactly_or_says_why_it_cannot(
    weights: list[float], size: float, single: float, women_headed: float
):
    shares = np.array(weights) / sum(weights)
    spec = spec_of(
        shares=shares,
        household_size=size,
        single_men_households=single,
        women_headed_households=women_headed,
    )
    try:
        make_up = composition(spec)
    except UsageError as error:
        assume("population." in str(error))
        return
    assert (make_up.more >= 0).all()
    assert make_up.head.sum() == pytest.approx(1)
    assert 0 <= make_up.partner <= 1
    np.testing.assert_allclose(expected_members(spec), shares * size, rtol=0, atol=1e-12)


def test_the_camp_has_the_people_shares_and_sizes_of_its_targets():
    spec = spec_of()
    members = population(spec, replicates=8).members.reshape(-1, len(Class))
    n = len(members)
    for c in Class:
        error = members[:, c].std() / math.sqrt(n)
        assert abs(members[:, c].mean() - spec.shares[c] * spec.household_size) < K_SE * error
    assert (members.sum(axis=1) > 0).all()


def test_traits_have_their_shares_and_medians():
    spec = spec_of(households=20_000)
    people = population(spec)
    n = spec.households

    def near(share: float, target: float, of: int = n) -> bool:
        return abs(share - target) < K_SE * math.sqrt(target * (1 - target) / of)

    men = people.members[..., [Class.MEN_CONSCRIPTION_AGE, Class.MEN_OLDER]].any(axis=-1)
    assert near(people.wanted[men].mean(), spec.wanted_share, int(men.sum()))
    assert not people.wanted[~men].any()
    assert near(people.vulnerable.mean(), spec.vulnerable_share)
    assert near((people.remittance > 0).mean(), spec.remittance_share)
    for trait in ("income", "reserves", "goods"):
        target = {"reserves": "reserves_weeks", "goods": "goods_weeks"}.get(trait, trait)
        assert near((getattr(people, trait) < getattr(spec, target)).mean(), 0.5), trait
    for origin, share in enumerate(spec.origins):
        assert near((people.origin == origin).mean(), share)
    assert abs(people.attachment.mean()) < K_SE / math.sqrt(n)
    lone_men = (people.members.sum(axis=-1) == 1) & (
        people.members[..., Class.MEN_CONSCRIPTION_AGE] == 1
    )
    assert lone_men.mean() >= 0.9 * spec.single_men_households


def test_heads_are_as_old_as_their_class():
    people = population(spec_of())
    assert people.head_age.min() >= 18
    younger = [Class.WOMEN, Class.MEN_CONSCRIPTION_AGE, Class.MEN_OLDER]
    elderly_only = ~people.members[..., younger].any(axis=-1)
    assert elderly_only.any()
    assert (people.head_age[elderly_only] >= 60).all()
    assert people.head_age.max() <= 95


@pytest.mark.parametrize(
    ("head", "ages"),
    [
        (Class.WOMEN, uniform(18, 42)),
        (Class.MEN_CONSCRIPTION_AGE, uniform(18, 25)),
        (Class.MEN_OLDER, uniform(43, 17)),
        (Class.ELDERLY, expon(60, 8)),
    ],
)
def test_ages_are_spread_over_those_of_the_class_of_the_head(head: Class, ages: object):
    shares = np.array([0.5, 0.1, 0.0, 0.0, 0.0])
    shares[head] += 0.4
    spec = spec_of(
        household_size=6.0,
        shares=shares,
        single_men_households=0.0,
        women_headed_households=float(head == Class.WOMEN),
    )
    drawn = population(spec).head_age.ravel()
    assert kstest(drawn, ages.cdf).statistic < 2.2 / math.sqrt(drawn.size)


def test_men_who_live_alone_are_of_any_age_of_their_class():
    people = population(spec_of(households=20_000))
    alone = people.members.sum(axis=-1) == 1
    ages = people.head_age[alone & (people.members[..., Class.MEN_CONSCRIPTION_AGE] == 1)]
    assert kstest(ages, uniform(18, 25).cdf).statistic < 2.2 / math.sqrt(ages.size)


def test_no_trait_or_lot_tells_anything_of_another():
    spec = spec_of(households=20_000)
    people = population(spec)
    logs = [np.log(getattr(people, name)) for name in ("income", "reserves", "goods")]
    yes = [people.remittance > 0, people.vulnerable]
    lots = [getattr(people, name) for name in Population._fields if name.endswith("_lot")]
    sizes = [people.members.sum(axis=-1), people.origin, people.attachment]
    columns = np.array([*logs, *yes, *lots, *sizes], dtype=float)[:, 0]
    both = np.vstack([columns, people.checkpoint_lots[0].T])
    apart = np.corrcoef(both) - np.eye(len(both))
    assert np.abs(apart).max() < K_SE / math.sqrt(spec.households)


def test_families_with_an_elderly_head_have_half_the_children():
    spec = spec_of()
    people = population(spec, replicates=4)
    elderly = people.head_age >= 60
    make_up = composition(spec)
    mean = make_up.more[Class.CHILDREN] / 2
    children = people.members[elderly][:, Class.CHILDREN]
    assert abs(children.mean() - mean) < K_SE * math.sqrt(mean / len(children))
    share = make_up.head[Class.ELDERLY] * (1 - spec.single_men_households)
    assert abs(elderly.mean() - share) < K_SE * math.sqrt(share / elderly.size)


def test_each_lot_is_the_draw_of_its_own_name():
    people = population(spec_of(households=40), arrivals=2)
    draws = Draws(7, [0])
    for lot in ("queue", "ban", "persuasion", "vetting", "settling"):
        expected = draws.once(Once[f"{lot}_lot".upper()], 42)
        np.testing.assert_array_equal(getattr(people, f"{lot}_lot"), expected)
    for party, lot in enumerate((Once.CHECKPOINT_0, Once.CHECKPOINT_1)):
        np.testing.assert_array_equal(people.checkpoint_lots[..., party], draws.once(lot, 42))


@pytest.mark.parametrize("women_headed", [1.0, 1 - 1e-13])
def test_a_camp_without_men_can_be_made(women_headed: float):
    spec = spec_of(
        households=200,
        household_size=3.0,
        shares=np.array([0.6, 0.4, 0.0, 0.0, 0.0]),
        single_men_households=0.0,
        women_headed_households=women_headed,
    )
    people = population(spec)
    assert not people.members[..., Class.MEN_CONSCRIPTION_AGE :].any()
    assert (people.members[..., Class.WOMEN] > 0).all()
    assert not people.wanted.any()


def test_one_more_household_leaves_every_other_as_it_was():
    one, more = population(spec_of(households=50)), population(spec_of(households=51))
    for name in Population._fields:
        if name not in LINKS:
            np.testing.assert_array_equal(
                getattr(one, name), getattr(more, name)[:, :50], err_msg=name
            )


def test_a_replicate_is_the_same_alone_and_in_a_block():
    spec = spec_of(households=60)
    block = make_population(spec, NOBODY_LATER, Draws(7, [0, 3, 5]))
    alone = make_population(spec, NOBODY_LATER, Draws(7, [3]))
    for name in Population._fields:
        if name not in LINKS:
            np.testing.assert_array_equal(getattr(block, name)[1], getattr(alone, name)[0])
    first, last = block.contact_start[60], block.contact_start[120]
    np.testing.assert_array_equal(block.contact_rows[first:last] - 60, alone.contact_rows)


def links_of(people: Population) -> set[tuple[int, int]]:
    number = np.diff(people.contact_start)
    one = np.repeat(np.arange(len(number)), number)
    return set(zip(one.tolist(), people.contact_rows.tolist(), strict=True))


@settings(max_examples=30, deadline=None)
@given(
    households=st.integers(1, 60),
    arrivals=st.integers(0, 5),
    contacts=st.integers(1, 10).map(lambda half: 2 * half),
    rewired=st.sampled_from([0.0, 0.1, 1.0]),
)
def test_contacts_are_mutual_and_never_oneself_in_camps_of_any_size(
    households: int, arrivals: int, contacts: int, rewired: float
):
    spec = spec_of(households=households, contacts=contacts, contacts_rewired=rewired)
    people = population(spec, arrivals, replicates=2)
    links = links_of(people)
    assert len(links) == len(people.contact_rows)
    assert all(one != other and (other, one) in links for one, other in links)
    rows = households + arrivals
    assert all(one // rows == other // rows for one, other in links)


def links_by_hand(
    spec: PopulationSpec, origin: list[int], draws: Draws, row: int
) -> set[tuple[int, int]]:
    """The contact graph of one replicate, household by household."""
    initial, rewired, links = spec.households, spec.contacts_rewired, set()
    rings = {o: [n for n in range(initial) if origin[n] == o] for o in set(origin)}
    for j in range(spec.contacts // 2):
        lots = draws.once(Once.CONTACT_0 + j, len(origin))[row].tolist()
        for n, u in enumerate(lots):
            ring = rings[origin[n]]
            if u < rewired:
                other = int(u / rewired * initial)
            elif n < initial:
                other = ring[(ring.index(n) + j + 1) % len(ring)]
            else:
                rest = (u - rewired) / (1 - rewired)
                other = ring[int(rest * len(ring))] if ring else int(rest * initial)
            if other != n:
                links |= {(n, other), (other, n)}
    return links


@pytest.mark.parametrize(
    ("households", "arrivals", "contacts", "rewired"),
    [(1, 3, 4, 0.1), (2, 1, 12, 0.0), (7, 4, 12, 0.3), (60, 6, 8, 0.1), (30, 5, 6, 1.0)],
)
def test_the_graph_is_the_one_found_household_by_household(
    households: int, arrivals: int, contacts: int, rewired: float
):
    origins = np.array([0.6, 0.3, 0.05, 0.05])
    spec = spec_of(
        households=households, contacts=contacts, contacts_rewired=rewired, origins=origins
    )
    draws = Draws(9, [3, 0])
    people = make_population(spec, np.arange(arrivals), draws)
    rows = households + arrivals
    by_hand = {
        (one + row * rows, other + row * rows)
        for row in range(2)
        for one, other in links_by_hand(spec, people.origin[row].tolist(), draws, row)
    }
    assert links_of(people) == by_hand
    for first, last in zip(people.contact_start, people.contact_start[1:], strict=False):
        assert (np.diff(people.contact_rows[first:last]) > 0).all()


def test_those_who_arrive_later_know_about_half_as_many():
    spec = spec_of(households=3000)
    number = np.diff(population(spec, arrivals=500).contact_start)[3000:]
    assert number.mean() == pytest.approx(spec.contacts / 2, rel=0.02)


def test_households_know_about_as_many_as_asked_mostly_of_their_origin():
    spec = spec_of(households=3000)
    people = population(spec)
    number = np.diff(people.contact_start)
    assert number.mean() == pytest.approx(spec.contacts, rel=0.01)
    origin = people.origin[0]
    same = origin[np.repeat(np.arange(3000), number)] == origin[people.contact_rows]
    assert same.mean() > 0.9


def test_those_who_arrive_later_change_nothing_among_those_already_there():
    spec = spec_of(households=80)
    without, with_ = population(spec), population(spec, arrivals=4)
    assert (with_.arrival_week[:80] == NOT_LATER).all()
    before = {link for link in links_of(with_) if max(link) < 80}
    assert before == links_of(without)
    late = {one for one, other in links_of(with_) if one >= 80 and other < 80}
    assert late == {80, 81, 82, 83}


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"single_men_households": 0.9}, "single_men_households"),
        (
            {"women_headed_households": 0.99, "shares": np.array([0.8, 0.05, 0.1, 0.03, 0.02])},
            "women_headed",
        ),
        ({"shares": np.array([0.9, 0.08, 0.012, 0.004, 0.004])}, "shares"),
        ({"household_size": 40.0}, "household_size"),
        ({"single_men_households": 1.0}, "single_men_households"),
        ({"contacts": 400}, "contacts"),
    ],
)
def test_targets_that_cannot_be_met_are_named(changes: dict, named: str):
    with pytest.raises(UsageError, match=named):
        population(spec_of(**changes))
