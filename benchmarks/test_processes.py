"""Each process of the core on its own, in the first half year of Rukban, while many leave."""

from typing import NamedTuple

import numpy as np
import pytest
from benchmarks.camps import Lot

from returnsim.core.custody import in_custody, keep_in_custody
from returnsim.core.decision import decide
from returnsim.core.demography import camp_life
from returnsim.core.hardship import live_a_week
from returnsim.core.harm import at_home
from returnsim.core.inputs import week_of
from returnsim.core.news import safety_changes, tell
from returnsim.core.passage import depart, process_files
from returnsim.core.rows import Rows
from returnsim.core.trust import learn
from returnsim.core.week import Camp, open_camp, step
from returnsim.draws import Weekly

pytestmark = pytest.mark.benchmark(group="processes")
WEEK = 20


class Moment(NamedTuple):
    """A camp as a week begins, and what its processes are given."""

    camp: Camp
    in_camp: Rows
    waiting: Rows
    week: object

    def uniforms(self, process: Weekly) -> np.ndarray:
        calendar = self.camp.inputs.first_calendar_week + WEEK
        return self.camp.draws.weekly(process, calendar, self.households).ravel()

    @property
    def households(self) -> int:
        return self.camp.people.members.shape[1]

    @property
    def given(self) -> tuple:
        return self.camp.state, self.camp.people, self.week, self.camp.inputs.parameters

    @property
    def beliefs(self):
        return learn(self.in_camp, *self.given)


@pytest.fixture(scope="module")
def now(block: Lot) -> Moment:
    camp = open_camp(block.inputs, block.people, block.draws)
    for t in range(WEEK):
        step(camp, t)
    in_camp, waiting = (
        Rows(np.flatnonzero(there > 0), block.households)
        for there in (camp.state.camp_size, camp.state.option)
    )
    assert len(waiting)
    return Moment(camp, in_camp, waiting, week_of(block.inputs.conditions, WEEK))


def test_hardship_and_the_purse(benchmark, now):
    benchmark(live_a_week, now.in_camp, *now.given)


def test_camp_life(benchmark, now):
    u = now.uniforms(Weekly.CAMP_LIFE)
    state, _, week, parameters = now.given
    benchmark(camp_life, u, state, week, parameters, now.households)


def test_news_and_trust(benchmark, now):
    benchmark(learn, now.in_camp, *now.given)


def test_the_choice(benchmark, now):
    state, people, week, parameters = now.given
    u, beliefs = now.uniforms(Weekly.CHOICE)[now.in_camp.index], now.beliefs
    benchmark(decide, now.in_camp, state, people, beliefs, u, week, parameters, WEEK)


def test_custody(benchmark, now):
    u = now.uniforms(Weekly.CUSTODY)
    confined = in_custody(now.camp.state, now.households)
    assert len(confined)
    benchmark(keep_in_custody, u, confined, *now.given)


def test_files(benchmark, now):
    benchmark(process_files, now.waiting, *now.given)


def test_passage(benchmark, now):
    benchmark(depart, now.waiting, np.zeros(len(now.waiting), dtype=bool), *now.given)


def test_harm_at_home(benchmark, now):
    benchmark(at_home, now.uniforms(Weekly.HOME_0), 0, *now.given, WEEK)


def test_news_of_the_week(benchmark, now):
    state, people = now.camp.state, now.camp.people
    barred = np.zeros(len(now.waiting), dtype=bool)
    passages = depart(now.waiting, barred, *now.given).passages
    heard, public = state.passage_heard.copy(), state.public_passage.copy()
    gone = Rows(np.flatnonzero(state.home_exposure.any(axis=0)), now.households)
    party_guarantor = state.party_guarantor[:, gone.index]
    told, home = np.zeros_like(party_guarantor), state.home_exposure[:, gone.index]

    def spread() -> None:
        safety_changes(gone, told, home, party_guarantor)
        tell(passages, heard, public, people, now.households)

    benchmark(spread)
