"""What the tests of the twin share: small households, certain coefficients, and the luck met."""

from benchmarks.peers.plain_mesa import PlainHousehold, PlainModel

from returnsim.core.inputs import Inputs, Place, Population
from returnsim.draws import Draws, Weekly

ONE_MAN = [0, 0, 1, 0, 0]
FAMILY = [2, 1, 1, 0, 0]
WHOLE_AND_WITHOUT_MEN = [[True] * 5, [True, True, False, True, True]]
CERTAIN = 50.0
SEED = 11


def twin_of(inputs: Inputs, population: Population, replicate: int = 0, row: int = 0) -> PlainModel:
    """The twin of one replicate, under the seed of these tests."""
    return PlainModel(inputs, population, SEED, replicate, row)


def luck(process: Weekly, inputs: Inputs, week: int, households: int = 1) -> list[float]:
    """What the first replicate draws in one week."""
    calendar_week = inputs.first_calendar_week + week
    drawn: list[float] = Draws(SEED, [0]).weekly(process, calendar_week, households)[0].tolist()
    return drawn


def home_of(household: PlainHousehold) -> int:
    """How many of a household are at home."""
    return household.count(Place.HOME_0, Place.HOME_1)
