"""The model against what can be worked out on paper, within k standard errors."""

import math

import numpy as np
import pytest

from returnsim.core.inputs import UNIT, Place
from returnsim.core.trust import survival
from tests.core.runs import camp_of, live, record, weeks_of
from tests.reference.tiny import ByWeek, tiny_inputs, tiny_population

K_SE = 4.5
MAN = [0, 0, 1, 0, 0]
EVERYBODY_GOES = 60.0


def assert_share(successes: float, trials: int, expected: float) -> None:
    error = math.sqrt(expected * (1 - expected) / trials)
    assert abs(successes / trials - expected) < K_SE * error, (successes / trials, expected)


def test_a_constant_hazard_gives_geometric_survival_at_home():
    n, weeks, hazard = 20_000, 12, 0.03
    inputs = tiny_inputs(weeks, intercept=EVERYBODY_GOES, threat=1.0, harm_per_week=hazard)
    home = record(inputs, tiny_population([MAN] * n))["at_home"][0]
    for t in range(weeks):
        assert_share(home[t], n, math.exp(-hazard * (t + 1)))


def test_a_promise_that_ends_lets_the_full_hazard_through_only_afterwards():
    n, grace, weeks, hazard = 20_000, 6, 10, 0.05
    inputs = tiny_inputs(
        weeks,
        intercept=EVERYBODY_GOES,
        threat=1.0,
        harm_per_week=hazard,
        grace_weeks=grace,
        enforcement=1.0,
    )
    home = record(inputs, tiny_population([MAN] * n))["at_home"][0]
    assert (home[:grace] == n).all()
    for t in range(grace, weeks):
        assert_share(home[t], n, math.exp(-hazard * (t + 1 - grace)))


def test_conscription_waits_for_the_end_of_the_deferral_where_the_promise_is_enforced():
    n, deferral, weeks, hazard = 20_000, 5, 8, 0.1
    inputs = tiny_inputs(
        weeks,
        intercept=EVERYBODY_GOES,
        enforced=1.0,
        conscription_per_week=hazard,
        deferral=deferral,
        enforcement=1.0,
    )
    taken = record(inputs, tiny_population([MAN] * n))["conscripted_to_date"][0]
    assert (taken[:deferral] == 0).all()
    for t in range(deferral, weeks):
        assert_share(taken[t], n, 1 - math.exp(-hazard * (t + 1 - deferral)))


@pytest.mark.parametrize(("home", "onward"), [(-1.0, -2.0), (0.5, 0.0), (-4.0, 1.0)])
def test_choices_have_the_shares_of_the_multinomial_logit(home: float, onward: float):
    n = 40_000
    inputs = tiny_inputs(1, intercept=home, onward_intercept=onward, onward_open=True)
    columns = record(inputs, tiny_population([MAN] * n))
    total = 1 + math.exp(home) + math.exp(onward)
    assert_share(columns["departures"][0, 0], n, math.exp(home) / total)
    assert_share(columns["onward"][0, 0], n, math.exp(onward) / total)


def test_whole_and_split_have_the_shares_of_the_logit():
    n, home, separation = 40_000, 0.3, 1.2
    inputs = tiny_inputs(
        1,
        intercept=home,
        separation=separation,
        options=[[True] * 5, [True, True, False, True, True]],
    )
    columns = record(inputs, tiny_population([[1, 1, 1, 0, 0]] * n))
    whole, split = math.exp(home), math.exp(home - separation)
    total = 1 + whole + split
    assert_share(columns["departing_households_split"][0, 0], n, split / total)
    assert_share(columns["departing_parties"][0, 0], n, (whole + split) / total)


def test_contacts_at_home_unharmed_add_their_exposure_weeks_to_the_belief():
    weeks, threat, f = 8, 0.5, 0.9
    inputs = tiny_inputs(
        weeks, intercept=-EVERYBODY_GOES, threat=threat, forgetting=f, kappa0=2.0, omega0=50.0
    )
    people = tiny_population([MAN, [0, 2, 0, 0, 0]], contacts=[(0, 1)])
    camp = camp_of(inputs, people)
    # The man went home before the first week, as everyone there knows.
    exposure = UNIT
    camp.state.safe[0, 1] = exposure
    for _ in weeks_of(camp):
        pass
    learned = sum(threat * f**k for k in range(weeks))
    assert camp.state.omega[0, 1] == pytest.approx(50.0 + learned, rel=1e-12)
    assert camp.state.kappa[0, 1] == 2.0


def test_a_harm_heard_adds_its_weight_times_salience_once_and_then_fades():
    weeks, f, salience = 5, 0.8, 3.0
    inputs = tiny_inputs(
        weeks, intercept=-EVERYBODY_GOES, forgetting=f, salience=salience, kappa0=1.5
    )
    people = tiny_population([MAN, [0, 2, 0, 0, 0]], contacts=[(0, 1)])
    camp = camp_of(inputs, people)
    camp.state.harm_heard[0, 1] = 2 * UNIT
    camp.state.public_harm[0, 0] = 2 * UNIT
    for t, _ in weeks_of(camp):
        expected = 1.5 + salience * 2 * f**t
        assert camp.state.kappa[0, 1] == pytest.approx(expected, rel=1e-12)


def test_trust_is_the_predictive_survival_of_the_gamma_belief():
    kappa, omega, horizon, n = 3.15, 170.0, 52.0, 400_000
    rates = np.random.default_rng(4).gamma(kappa, 1 / omega, n)
    unharmed = np.exp(-rates * horizon)
    error = unharmed.std() / math.sqrt(n)
    assert abs(unharmed.mean() - survival(kappa, omega, horizon)) < K_SE * error


def test_a_queue_with_few_places_shrinks_by_just_those_places():
    n, places, weeks = 500, 30, 20
    inputs = tiny_inputs(weeks, intercept=EVERYBODY_GOES, places=places)
    columns = record(inputs, tiny_population([MAN] * n, queue_lot=np.linspace(0, 0.99, n)))
    expected = np.maximum(0, n - places * np.arange(1, weeks + 1))
    np.testing.assert_array_equal(columns["waiting"][0], expected)


def test_the_queue_serves_by_week_registered_then_by_lot():
    people = tiny_population([MAN] * 3, queue_lot=[[0.9, 0.1, 0.5]])
    inputs = tiny_inputs(4, intercept=EVERYBODY_GOES, places=ByWeek([1, 1, 1, 1]))
    camp = camp_of(inputs, people)
    order = []
    for _, happened in weeks_of(camp):
        order += list(happened.departures.rows.index)
    assert order == [1, 2, 0]


def test_the_number_held_at_the_checkpoint_is_binomial():
    n, hazard, threat = 20_000, 0.3, 0.8
    lots = np.random.default_rng(3).random((1, n, 2))
    inputs = tiny_inputs(1, intercept=EVERYBODY_GOES, hold=hazard, threat=threat)
    camp = live(inputs, tiny_population([[3, 1, 1, 0, 0]] * n, checkpoint_lots=lots))
    held = camp.state.members[Place.HELD_0]
    q = 1 - math.exp(-hazard * threat)
    for c, size in enumerate([3, 1, 1]):
        assert_share(held[c].sum(), size * n, q)
        for k in range(size + 1):
            mass = math.comb(size, k) * q**k * (1 - q) ** (size - k)
            assert_share((held[c] == k).sum(), n, mass)
    # One uniform serves all classes, and yet they are held independently.
    assert_share(((held[1] == 1) & (held[2] == 1)).sum(), n, q * q)


def test_the_detained_end_as_released_disappeared_or_dead_in_the_given_proportions():
    n, weeks, rates = 20_000, 400, (0.01, 0.0063, 0.0002)
    inputs = tiny_inputs(
        weeks,
        intercept=EVERYBODY_GOES,
        threat=ByWeek([1.0] + [0.0] * (weeks - 1)),
        harm_per_week=50.0,
        detained_released_per_week=rates[0],
        detained_disappeared_per_week=rates[1],
        detained_died_per_week=rates[2],
    )
    columns = record(inputs, tiny_population([MAN] * n))
    ended = 1 - math.exp(-sum(rates) * (weeks - 1))
    for name, rate in zip(("at_home", "disappeared_to_date", "killed_to_date"), rates, strict=True):
        assert_share(columns[name][0, -1], n, ended * rate / sum(rates))


def test_births_and_ageing_follow_their_rates():
    n, weeks, births = 20_000, 20, 0.004
    inputs = tiny_inputs(weeks, intercept=-EVERYBODY_GOES, births_per_woman=births)
    columns = record(inputs, tiny_population([[0, 1, 0, 0, 0]] * n))
    expected = n * births * weeks
    assert abs(columns["births"].sum() - expected) < K_SE * math.sqrt(expected)
    grown = columns["camp_elderly"][0, -1]
    years = weeks * 7 / 365.25
    assert_share(grown, n, 1 - math.exp(-years / 42))
