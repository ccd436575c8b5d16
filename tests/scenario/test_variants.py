"""Scenarios made of one by changes are those that are made the long way, and so are mistakes."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from returnsim.errors import ScenarioError
from returnsim.scenario.files import load_tree, scenario_hash, scenario_of
from returnsim.scenario.overrides import Override, read_overrides
from returnsim.scenario.schema import Scenario
from returnsim.scenario.tree import Node
from returnsim.scenario.variants import MOST_KEPT, Variants
from tests.posteriors import write_draws
from tests.scenario.files import HEAD

CAMP = f"""{HEAD}
posterior: draws.parquet
population: {{origins: {{north: 0.5, south: 0.5}}}}
guarantors:
  settlement: {{track_record: {{harms: 2, exposure_weeks: 90}}, origins: [north]}}
levers:
  siege: [{{from: 2020-01-06, severity: 0}}, {{from: 2020-02-03, severity: 0.5}}]
  threat: {{level: 1, origins: {{north: 1}}}}
custody: {{released_share: 0.4, disappeared_share: 0.1, died_share: 0.1}}
"""
DRAWS = {
    "behaviour.hardship": [1.0, 2.0, 3.0],
    "levers.siege[2020-02-03].severity": [0.3, 0.5, 0.7],
    "population.wanted_share": [0.1, 0.2, 0.3],
    "levers.aid.coverage": [0.1, 0.2, 0.3],
    "custody.released_share": [0.0, 0.1, 0.2],
    "guarantors.settlement.track_record.harms": [1.0, 1.5, 2.0],
}
CHANGES = (
    *("behaviour.hardship=1", "behaviour.norm=0.5", "behaviour={norm: 1}", "behaviour.norm=-1"),
    *("levers.siege.severity=0", "levers.siege[2020-01-20:].severity=0.2", "levers.sige=1"),
    *("levers.siege[2020-02-03].severity=1", "levers.siege[2020-01-13:2020-01-20].severity=1"),
    *("levers.aid={coverage: 0.5}", "levers.aid.coverage=0.5", "levers.aid.coverage=2"),
    *("levers.threat.origins={south: 1}", "levers.threat.origins={nowhere: 1}"),
    *("population.origins={north: 1}", "population.origins={north: 0.4, south: 0.6}"),
    *("population.wanted_share=0.9", "population={}", "population.shares.women=0.9"),
    *("guarantors.settlement.origins=[south]", "guarantors.nobody.neutrality=1"),
    *("guarantors.settlement.track_record=null", "guarantors.un={enforcement: 0.5}"),
    *("custody.died_share=0.7", "custody.released_share=0.9", "custody.died_share=0"),
    *("weeks=5", "start=2020-01-13", "record_from=2020-01-20", "posterior=null", "posterior.use=1"),
    *("title=another", "nothing=1", "extends=other.yaml", "levers..siege=1"),
)


def overrides(*written: str) -> list[Override]:
    return read_overrides(written, [])


@pytest.fixture
def root(tmp_path: Path) -> Node:
    write_draws(tmp_path / "draws.parquet", DRAWS | {"discrepancy": [0.1, 0.2, 0.3]})
    (tmp_path / "camp.yaml").write_text(CAMP)
    return load_tree(tmp_path / "camp.yaml")


def told(make: Callable[..., Scenario], *given: object) -> Scenario | list[str]:
    """A scenario, or what is wrong with it."""
    try:
        return make(*given)
    except ScenarioError as error:
        return [str(problem) for problem in error.problems]


def test_each_is_what_is_made_the_long_way(root: Node):
    chance = random.Random(1)
    right = 0
    for own in ((), ("behaviour.norm=0.1", "levers.siege[2020-01-27:].severity=0.4")):
        variants = Variants(root, overrides(*own))
        for _ in range(250):
            changes = overrides(*chance.sample(CHANGES, chance.randrange(4)))
            made = told(variants.scenario, "a case", changes)
            long = told(scenario_of, root, "a case", [*overrides(*own), *changes])
            assert made == long, changes
            if isinstance(made, Scenario) and isinstance(long, Scenario):
                right += 1
                assert made.name == long.name
                assert scenario_hash(made) == scenario_hash(long)
    assert 100 < right < 400


def test_each_change_alone_is_right_or_wrong_as_the_long_way_has_it(root: Node):
    variants = Variants(root, ())
    for change in overrides(*CHANGES):
        for _ in range(2):
            made = told(variants.scenario, "a case", [change])
            assert made == told(scenario_of, root, "a case", [change]), change


def test_a_scenario_that_is_right_only_with_its_changes_is_made(tmp_path: Path):
    (tmp_path / "camp.yaml").write_text(f"{HEAD}behaviour: {{norm: -1}}\n")
    variants = Variants(load_tree(tmp_path / "camp.yaml"), ())
    assert variants.scenario("mended", overrides("behaviour.norm=1")).behaviour.norm.value == 1
    with pytest.raises(ScenarioError, match=r"behaviour\.norm"):
        variants.scenario("not mended", ())


def test_what_is_drawn_stays_in_the_order_of_the_posterior(root: Node):
    made = Variants(root, ()).scenario(
        "a", overrides("levers.aid.coverage=1", "custody.died_share=0")
    )
    assert made.posterior is not None
    assert list(made.posterior.draws) == [path for path in DRAWS if path != "levers.aid.coverage"]


def test_more_sections_than_are_kept_are_made_all_the_same(root: Node):
    variants = Variants(root, ())
    for number in (*range(MOST_KEPT + 1), 0):
        made = variants.scenario("a", overrides(f"behaviour.norm={number / 10_000}"))
        assert made.behaviour.norm.value == number / 10_000
