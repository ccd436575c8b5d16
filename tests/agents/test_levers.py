"""Levers in the hand: from the next week on, as a dated entry of the file would."""

import numpy as np
import pytest

from returnsim import ReturnModel, scenario_from
from returnsim.errors import UsageError

from .camp import CAMP, CHANGE, WEEKS, camp, columns, stepped

BY_HAND = {
    "siege.severity": 0.1,
    "aid.coverage": 0.7,
    "medical.access": 0.9,
    "corridor.open": False,
    "corridor.parties_per_week": 2.5,
    "exit_ban.members": ["men_conscription_age"],
    "threat.level": 3.0,
    "conscription.enforced": 0.2,
    "conscription.deferral_weeks": 1,
    "services.conditions": 0.4,
    "transport.cost_weeks_of_subsistence": 6,
    "transport.subsidy": 0.8,
    "onward.open": True,
    "news.reach": 0.3,
    "news.salience": 1,
}


def dated(lever: str, field: str, value: object) -> dict[str, object]:
    """The same change in the words of the file: from the week of the change on."""
    before = CAMP["levers"].get(lever, {})
    return {
        f"levers.{lever}": [
            {"from": "2021-01-04", **before},
            {"from": "2021-02-08", field: value},
        ]
    }


@pytest.mark.parametrize("path", BY_HAND)
def test_a_lever_set_by_hand_is_a_dated_entry_from_the_next_week_on(path: str):
    lever, field = path.split(".")
    model = stepped(CHANGE, households=120)
    setattr(getattr(model.levers, lever), field, BY_HAND[path])
    written = scenario_from(CAMP, "camp", dated(lever, field, BY_HAND[path]))
    mine, other = columns(model), columns(ReturnModel(written, households=120))
    np.testing.assert_equal(mine, other)
    untouched = columns(ReturnModel(camp(), households=120))
    for name, values in untouched.items():
        np.testing.assert_array_equal(values[:CHANGE], mine[name][:CHANGE], err_msg=name)
    assert any(not np.array_equal(v, mine[n], equal_nan=True) for n, v in untouched.items())


def test_a_limit_set_by_hand_counts_the_days_that_are_open_as_one_in_the_file_does():
    open_ = [
        {"from": "2021-01-04", "open": True, "parties_per_week": 7},
        {"from": "2021-02-18", "until": "2021-03-04", "open": False},
    ]
    gates = {
        "levers.corridor": open_,
        "guarantors.state.active": [["2021-01-04", "2021-02-26"]],
    }
    changed = {
        "levers.corridor": [
            open_[0],
            {"from": "2021-02-08", "parties_per_week": 40},
            open_[1],
        ],
        "guarantors.state.capacity_files_per_week": [
            {"from": "2021-01-04", "value": 40},
            {"from": "2021-02-08", "value": 14},
        ],
    }
    model = ReturnModel(scenario_from(CAMP, "camp", gates))
    for _ in range(CHANGE):
        model.step()
    model.levers.corridor.parties_per_week = 40
    model.guarantors["state"].capacity_files_per_week = 14
    mine = model.camp.inputs.conditions
    written = ReturnModel(scenario_from(CAMP, "camp", gates | changed)).camp.inputs.conditions
    np.testing.assert_array_equal(mine.places, written.places)
    np.testing.assert_array_equal(mine.files, written.files)
    assert {0, 17, 23, 40} < set(mine.places[:, 0])
    assert {0, 8, 14} < set(mine.files[:, 0, 0])


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("enforcement", 0.9),
        ("enforcement_after_grace", 0.7),
        ("card_protection", 0.9),
        ("persuasion", 50.0),
        ("price_per_person", 2.0),
        ("capacity_files_per_week", 3),
    ],
)
def test_a_guarantor_changed_by_hand_is_a_dated_entry_too(field: str, value: float):
    model = stepped(CHANGE)
    setattr(model.guarantors["state"], field, value)
    first_value = CAMP["guarantors"]["state"].get(field, 0.2 if "after" in field else 0)
    entries = [
        {"from": "2021-01-04", "value": first_value},
        {"from": "2021-02-08", "value": value},
    ]
    written = scenario_from(CAMP, "camp", {f"guarantors.state.{field}": entries})
    np.testing.assert_equal(columns(model), columns(ReturnModel(written)))


def entries_of(*values: tuple[str, float]) -> list[dict[str, object]]:
    return [{"from": day, "value": value} for day, value in values]


@pytest.mark.parametrize("later", [None, "2021-03-01", "2021-03-03"])
def test_what_was_set_after_grace_stays_when_the_word_before_it_changes(later: str | None):
    of_file = {"enforcement": entries_of(("2021-01-04", 0.2))}
    if later:
        of_file["enforcement_after_grace"] = entries_of((later, 0.05))
    by_hand = entries_of(("2021-02-08", 0.9), ("2021-02-15", 0.1), ("2021-02-22", 0.7))
    model = stepped(CHANGE, **{f"guarantors__state__{n}": e for n, e in of_file.items()})
    state = model.guarantors["state"]
    state.enforcement = 0.9
    assert state.enforcement_after_grace == 0.9
    written = of_file | {"enforcement": [*of_file["enforcement"], by_hand[0]]}
    assert_same_word(model, written)
    model.step()
    state.enforcement_after_grace = 0.1
    written |= {"enforcement_after_grace": [by_hand[1]]}
    model.step()
    state.enforcement = 0.7
    assert (state.enforcement, state.enforcement_after_grace) == (0.7, 0.1)
    written |= {"enforcement": [*written["enforcement"], by_hand[2]]}
    assert_same_word(model, written)


def assert_same_word(model: ReturnModel, written: dict[str, list[dict[str, object]]]) -> None:
    changes = {f"guarantors__state__{name}": entries for name, entries in written.items()}
    mine = model.camp.inputs.conditions
    theirs = ReturnModel(camp(**changes)).camp.inputs.conditions
    np.testing.assert_allclose(mine.enforcement, theirs.enforcement, rtol=1e-15)
    np.testing.assert_allclose(
        mine.enforcement_after_grace, theirs.enforcement_after_grace, rtol=1e-15
    )


def test_a_guarantor_sent_away_and_called_back_has_its_capacity_again():
    model = stepped(CHANGE)
    state = model.guarantors["state"]
    state.active = False
    model.step()
    assert not any(h.status == "waiting" and h.guarantor == "state" for h in model.households)
    state.active = True
    assert state.capacity_files_per_week == 40
    model.step()
    periods = [["2021-01-04", "2021-02-08"], ["2021-02-15", None]]
    written = ReturnModel(camp(guarantors__state__active=periods))
    np.testing.assert_equal(columns(model), columns(written))


def test_a_closed_corridor_opens_with_the_places_of_the_file():
    model = ReturnModel(camp(), levers__corridor={"open": False, "parties_per_week": 7})
    for _ in range(CHANGE):
        model.step()
    model.levers.corridor.open = True
    assert model.levers.corridor.parties_per_week == 7
    after = columns(model)["departing_parties"][CHANGE:]
    assert 0 < after.max() <= 7


def test_places_of_a_smaller_camp_are_its_share_of_those_of_the_real_one():
    model = ReturnModel(camp(behaviour__intercept=50), households=20)
    model.levers.corridor.parties_per_week = 3
    weight = model.camp.inputs.parameters.weight[0]
    places = model.camp.inputs.conditions.places[:, 0]
    assert places.sum() == np.floor(WEEKS * 3 / weight + 1e-9)


def test_danger_can_be_set_for_one_place_of_origin():
    model = stepped(1)
    model.levers.threat.level = {"north": 4}
    assert model.levers.threat.level == {"north": 4.0, "south": 1.5}
    model.levers.threat.level = 2
    assert model.levers.threat.level == 2.0


def test_a_ban_has_members_and_a_strength():
    model = stepped(1)
    ban = model.levers.exit_ban
    assert (ban.members, ban.strength) == ((), 0.0)
    ban.members = ["women", "children"]
    ban.strength = 0.5
    assert (ban.members, ban.strength) == (("children", "women"), 0.5)
    ban.members = []
    assert (ban.members, ban.strength) == ((), 0.0)
    with pytest.raises(UsageError, match=r"exit_ban\.members first"):
        ban.strength = 0.5


def test_a_ban_that_was_lifted_by_its_strength_bars_the_same_classes_again():
    model = stepped(1)
    ban = model.levers.exit_ban
    ban.members = ["women", "children"]
    ban.strength = 0
    assert (ban.members, ban.strength) == (("children", "women"), 0.0)
    assert not model.camp.inputs.conditions.ban.any()
    ban.strength = 0.5
    assert (ban.members, ban.strength) == (("children", "women"), 0.5)
    assert model.camp.inputs.conditions.ban[1:, 0].tolist() == [[0.5, 0.5, 0, 0, 0]] * (WEEKS - 1)
    ban.members = []
    ban.members = ["women"]
    assert (ban.members, ban.strength) == (("women",), 0.5)


@pytest.mark.parametrize("changes", [{"strength": 0.3}, {"members": ["elderly"]}])
def test_one_side_of_a_ban_set_by_hand_leaves_the_other_as_the_file_dates_it(
    changes: dict[str, object],
):
    of_file = [
        {"from": "2021-01-04", "members": ["men_older"], "strength": 0.8},
        {"from": "2021-03-01", "members": ["women"]},
        {"from": "2021-03-08", "strength": 0.6},
    ]
    model = stepped(CHANGE, levers__exit_ban=of_file)
    (field, value), *_ = changes.items()
    setattr(model.levers.exit_ban, field, value)
    # Whoever moves a lever moves it for all weeks to come, whatever the file has later.
    kept = [{k: v for k, v in entry.items() if k != field} for entry in of_file[1:]]
    written = camp(levers__exit_ban=[of_file[0], {"from": "2021-02-08"} | changes, *kept])
    np.testing.assert_array_equal(
        model.camp.inputs.conditions.ban, ReturnModel(written).camp.inputs.conditions.ban
    )


def test_levers_can_be_listed():
    model = ReturnModel(camp())
    assert "siege" in dir(model.levers)
    assert dir(model.levers.transport) == ["cost_weeks_of_subsistence", "subsidy"]
    assert "levers.siege(severity=0.6)" in repr(model.levers)
    assert list(model.guarantors) == ["state", "elders"]


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("siege.severity", 2, r"levers\.siege\.severity: 2: must be a number from 0 to 1"),
        ("siege.severity", "high", "must be a number"),
        ("siege.severty", 0, "did you mean 'severity'"),
        ("corridor.open", 1, "must be true or false"),
        ("corridor.parties_per_week", -1, "0 or more"),
        ("threat.level", {"east": 1}, "no such place of origin"),
        ("exit_ban.members", ["men"], "no such class of members"),
        ("arrivals.people_per_week", 5, "settled when the model is made"),
    ],
)
def test_a_lever_out_of_its_bounds_is_refused_and_stays(path: str, value: object, said: str):
    model = ReturnModel(camp())
    before = repr(model.levers)
    lever, field = path.split(".")
    with pytest.raises(UsageError, match=said):
        setattr(getattr(model.levers, lever), field, value)
    assert repr(model.levers) == before


def test_unknown_levers_and_whole_levers_are_told():
    model = ReturnModel(camp())
    with pytest.raises(UsageError, match="did you mean 'siege'"):
        model.levers.seige.severity = 0
    with pytest.raises(UsageError, match="no such lever; one of: siege, aid, medical"):
        model.levers.walls.height = 0
    with pytest.raises(UsageError, match="no such place of origin; one of: north, south"):
        model.levers.threat.level = {"abroad": 1}
    with pytest.raises(UsageError, match=r"levers\.siege\.severity"):
        model.levers.siege = 0
    with pytest.raises(UsageError, match="true or false"):
        model.guarantors["state"].active = "yes"
    with pytest.raises(UsageError, match="of a guarantor there are"):
        model.guarantors["state"].neutrality = 1


def test_after_the_end_no_lever_can_be_moved():
    model = stepped(WEEKS)
    assert model.levers.siege.severity == 0.6
    with pytest.raises(UsageError, match="are over"):
        model.levers.siege.severity = 0
