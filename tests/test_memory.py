"""What no memory holds is said before it is begun, whoever asks for it."""

from collections.abc import Callable

import pytest

from returnsim import ReturnModel, scenario_from, simulate
from returnsim.analysis.groups import explain_groups
from returnsim.assemble import plan_run
from returnsim.errors import UsageError
from returnsim.memory import check_memory, memory_there
from returnsim.scenario.schema import Scenario

HUGE = scenario_from(
    {"title": "A camp", "start": "2021-01-04", "weeks": 3, "population": {"people": 1e9}}
)


@pytest.mark.parametrize(
    "ask",
    [
        simulate,
        ReturnModel,
        lambda scenario: explain_groups(scenario, plan_run(scenario, 1), 1, 0),
    ],
    ids=["simulate", "mesa", "explain"],
)
def test_a_camp_too_large_for_this_machine_is_refused(ask: Callable[[Scenario], object]) -> None:
    with pytest.raises(UsageError, match=r"would take about .* of memory, and this machine has"):
        ask(HUGE)


def test_what_is_stepped_one_after_the_other_needs_no_room_at_once() -> None:
    fits = memory_there() / 600 / 20
    check_memory(fits, together=10, replicates=1000, weeks=1)
    told = "1,000 replicates of 1 weeks, 30 of them at a time"
    with pytest.raises(UsageError, match=told):
        check_memory(fits, together=30, replicates=1000, weeks=1)
