"""A household is told with what befell each of its members."""

from pathlib import Path

from returnsim.analysis.explain import ExplainedHousehold
from returnsim.explorer.changes import source_of
from returnsim.explorer.household_view import facts, offer_rows
from returnsim.explorer.story import WHERE, explained
from tests.explorer.shown import CAMP


def last_week_of(tmp_path: Path, household: int) -> ExplainedHousehold:
    (tmp_path / "camp.yaml").write_text(CAMP)
    scenario = source_of(tmp_path / "camp.yaml", (), households=60, seed=1, replicates=1).scenario
    return explained(scenario, 1, 60, household, 0, scenario.weeks - 1, lambda _: None)


def test_a_household_none_of_whom_is_left_is_told_with_what_befell_them(tmp_path: Path):
    told = (last_week_of(tmp_path, household) for household in range(60))
    left = next(one for one in told if one.status == "gone")
    said = dict(facts(left))
    assert said["now"] == "none left in the camp"
    assert said["in the camp"] == "nobody"
    numbers = [int(part.split()[0]) for part in said["no longer there"].split(", ")]
    assert sum(numbers) == sum(left.who.places.values())
    none = dict.fromkeys(left.who.places, 0)
    harmed = left._replace(who=left.who._replace(places=none | {"killed": 1, "died": 3}))
    assert dict(facts(harmed))["no longer there"] == "1 killed, 3 died in the camp"


def test_the_registered_are_told_what_they_choose_between_and_what_an_exit_ban_bars(tmp_path: Path):
    waiting = (
        "levers.corridor.open=false",
        "behaviour.intercept=1",
        "levers.exit_ban.members=[men_conscription_age]",
    )
    (tmp_path / "camp.yaml").write_text(CAMP)
    scenario = source_of(tmp_path / "camp.yaml", waiting, 60, 1, 1).scenario
    told = [explained(scenario, 1, 60, number, 0, 12, lambda _: None) for number in range(60)]
    one = next(one for one in told if one.who.registration is not None and one.offers)
    rows = {offer.option: row for offer, row in zip(one.offers, offer_rows(one), strict=True)}
    assert one.who.registration is not None
    assert rows["stay"][0] == "take the name back"
    assert rows[one.who.registration.option][0].startswith("keep the place (go home, ")
    offers = [pair for who in told for pair in zip(who.offers, offer_rows(who), strict=True)]
    assert any(offer.barred for offer, _ in offers)
    assert all(row[3].endswith(", barred") == offer.barred for offer, row in offers)


def test_every_place_where_members_are_is_told_of_contacts_once():
    places = [place for _, where in WHERE for place in where]
    assert sorted(places) == list(range(12))
