"""What households hear of one another (step 5 of ``docs/model.md``)."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from returnsim.core.inputs import UNIT

if TYPE_CHECKING:
    from .plain_household import PlainHousehold


class News:
    """What some households lived through last week, by guarantor.

    Attributes
    ----------
    harm : list of float
        Weights of the harms.
    safe, passage : list of float
        Exposure at home, and exposure of those who came, in men of conscription age.
    """

    def __init__(self, households: Iterable["PlainHousehold"], guarantors: int) -> None:
        harm, safe, passage = ([0] * guarantors for _ in range(3))
        for household in households:
            for g in range(guarantors):
                harm[g] += household.harm_last[g]
                safe[g] += household.safe[g]
                passage[g] += household.passage_last[g]
        self.harm = [made / UNIT for made in harm]
        self.safe = [made / UNIT for made in safe]
        self.passage = [made / UNIT for made in passage]
