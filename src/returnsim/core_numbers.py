"""A scenario's numbers in the shape that the core takes them."""

import numpy as np

from returnsim.core.inputs import UNIT, UNLIMITED, Class, Conditions, Parameters
from returnsim.population import PopulationSpec
from returnsim.scenario.levers import WeeklyLevers
from returnsim.scenario.schema import Scenario


def per_week(rate: np.ndarray, weight: float) -> np.ndarray:
    """Whole numbers a week from a rate: ``floor(C_t) - floor(C_(t-1))``, or UNLIMITED."""
    limited = np.where(np.isinf(rate), 0.0, rate)
    # Sums of tenths fall a hair short of whole numbers.
    cumulated = np.floor(np.cumsum(limited, axis=0) / weight + 1e-9)
    places = np.diff(cumulated, axis=0, prepend=0.0).astype(np.int64)
    return np.where(np.isinf(rate), UNLIMITED, places)


def conditions_of(scenario: Scenario, levers: WeeklyLevers, weight: float) -> Conditions:
    """Turn weekly levers of the real camp into those of the simulated one, as one case.

    Parameters
    ----------
    scenario : Scenario
        For what of its guarantors does not change.
    levers : WeeklyLevers
        In numbers of the real camp.
    weight : float
        People that one simulated person stands for; capacities are divided by it.
    """

    def case(values: np.ndarray) -> np.ndarray:
        return np.asarray(values)[:, None]

    return Conditions(
        severity=case(levers.severity),
        aid=case(levers.aid),
        medical=case(levers.medical),
        corridor_open=case(levers.corridor_open),
        places=case(per_week(levers.parties_per_week, weight)),
        ban=case(levers.ban),
        threat=case(levers.threat),
        enforced=case(levers.enforced),
        deferral=case(levers.deferral),
        services=case(levers.services),
        transport_cost=case(levers.transport_cost),
        subsidy=case(levers.subsidy),
        onward_open=case(levers.onward_open),
        onward_cost=case(levers.onward_cost),
        reach=case(levers.reach),
        salience=case(levers.salience),
        spill=case(_spill(scenario, levers)),
        active=case(levers.active),
        enforcement=case(levers.enforcement),
        enforcement_after_grace=case(levers.enforcement_after_grace),
        card_protection=case(levers.card_protection),
        files=case(per_week(levers.files, weight)),
        persuasion=case(levers.persuasion),
        price=case(levers.price),
    )


def _values(section: object, *names: str) -> dict[str, np.ndarray]:
    return {name: np.array([float(getattr(section, name).value)]) for name in names}


def _by_class(section: object) -> np.ndarray:
    return np.array([[float(getattr(section, c.name.lower()).value) for c in Class]])


def _units(value: float | np.ndarray) -> np.ndarray:
    return np.atleast_1d(np.rint(UNIT * np.asarray(value)).astype(np.int64))


def parameters_of(scenario: Scenario, weight: float) -> Parameters:
    """What stays the same over a run of a scenario, as one case. Arguments as `conditions_of`."""
    behaviour, beliefs, custody = scenario.behaviour, scenario.beliefs, scenario.custody
    exposure = _by_class(scenario.hazards.exposure)
    wanted = exposure.copy()
    men = [Class.MEN_CONSCRIPTION_AGE, Class.MEN_OLDER]
    wanted[:, men] *= scenario.hazards.wanted_multiplier.value
    splits = [[c.name.lower() in goers for c in Class] for goers in behaviour.splits.values()]
    kappa0, omega0 = _priors(scenario)
    harm = {
        f"harm_{kind}": _units(getattr(beliefs.harm_weight, kind).value)
        for kind in ("held", "detained", "killed", "conscripted_early")
    }
    ends = ("released", "disappeared", "died")
    shares = [getattr(custody, f"{end}_share").value for end in ends]
    rates = {
        f"detained_{end}_per_week": np.array([share / sum(shares) / custody.mean_weeks.value])
        for end, share in zip(ends, shares, strict=True)
    }
    return Parameters(
        weight=np.array([weight]),
        **_values(
            behaviour,
            *[
                "intercept",
                "hardship",
                "age",
                "attachment",
                "services",
                "norm",
                "reunite",
                "perceived_risk",
            ],
            *["conscription", "cost", "separation", "onward_intercept", "commitment"],
            *["horizon_weeks", "intention_weeks"],
        ),
        threshold=np.array([behaviour.choice == "threshold"]),
        options=np.array([[True] * len(Class), *splits]),
        kappa0=kappa0,
        omega0=omega0,
        forgetting=np.array([2.0 ** (-1.0 / beliefs.memory_half_life_weeks.value)]),
        **_values(beliefs, "threat_news_weeks", "passage_weeks", "public_weight"),
        **harm,
        **_values(
            scenario.livelihood,
            *["hardship_speed", "hunger_point", "hunger_width", "relief", "relief_half_weeks"],
            *["medical_hardship", "price_rise", "purchased_share"],
        ),
        exposure=_units(exposure),
        exposure_wanted=_units(wanted),
        **_values(scenario.hazards, "harm_per_week", "killed_share", "conscription_per_week"),
        **_values(scenario.hazards, "births_per_woman", "death_closed_care"),
        death_per_week=_by_class(scenario.hazards.death_per_week),
        hold=_by_class(custody.hold),
        **_values(custody, "held_release_per_week", "held_arrest_per_week"),
        **rates,
        **_values(scenario.passage, "lorry_sharing", "lorry_sharing_parties", "retry_weeks"),
        **_guarantor_terms(scenario),
    )


def _guarantor_terms(scenario: Scenario) -> dict[str, np.ndarray]:
    guarantors = list(scenario.guarantors.values())
    terms = {
        name: np.array([[getattr(g, name).value for g in guarantors]])
        for name in ("settles_wanted", "believed_settles", "persuasion_reach")
    }
    never = float("inf")
    grace = [never if g.grace_weeks is None else g.grace_weeks.value for g in guarantors]
    covers = [
        [g.origins is None or origin in g.origins for origin in scenario.origin_names]
        for g in guarantors
    ]
    return terms | {
        "covers": np.array([covers]),
        "grace_weeks": np.array([grace], dtype=float),
        "refusal": np.array([[g.vetting_refusal.value for g in guarantors]]),
    }


def _priors(scenario: Scenario) -> tuple[np.ndarray, np.ndarray]:
    """Gamma priors; a guarantor without a record takes the mean of the first that has one."""
    records = [g.track_record for g in scenario.guarantors.values()]
    reference = next(r for r in records if r is not None)
    harms = reference.harms.value + 0.5
    unknown = (1.0, reference.exposure_weeks.value / harms)
    start = [
        unknown if r is None else (r.harms.value + 0.5, r.exposure_weeks.value) for r in records
    ]
    shading = [
        1.0 + scenario.beliefs.neutrality_weight.value * (1.0 - g.neutrality.value)
        for g in scenario.guarantors.values()
    ]
    kappa = [k * shade for (k, _), shade in zip(start, shading, strict=True)]
    return np.array([kappa]), np.array([[w for _, w in start]])


def _spill(scenario: Scenario, levers: WeeklyLevers) -> np.ndarray:
    """How far news of one guarantor counts for another, shape (T, G, G).

    Wholly where the two have been the same in every field up to that week: what will set them apart
    later must not be known before.
    """
    kappa0, omega0 = _priors(scenario)
    fixed = [*_guarantor_terms(scenario).values(), kappa0, omega0]
    weekly = (
        levers.active,
        levers.enforcement,
        levers.enforcement_after_grace,
        levers.card_protection,
        levers.files,
        levers.persuasion,
        levers.price,
    )
    number = len(scenario.guarantors)
    spill = np.full((scenario.weeks, number, number), scenario.beliefs.spillover.value)
    for g in range(number):
        for j in range(number):
            alike = all(np.array_equal(term[0, g], term[0, j]) for term in fixed)
            so_far = np.logical_and.reduce([values[:, g] == values[:, j] for values in weekly])
            spill[np.logical_and.accumulate(so_far) & alike, g, j] = 1.0
    return spill


def population_spec(scenario: Scenario, households: int) -> PopulationSpec:
    """What so many households of a scenario are drawn from."""
    people = scenario.population
    plain = {
        name: float(getattr(people, name).value)
        for name in PopulationSpec._fields
        if name not in {"households", "shares", "origins", "contacts"}
    }
    return PopulationSpec(
        households=households,
        shares=_by_class(people.shares)[0],
        origins=np.array([share.value for share in people.origins.values()]),
        contacts=int(people.contacts.value),
        **plain,
    )
