"""What the loops work on: one record for each household, replicate and case.

A field has the name and the inner axes that it has in ``core.state`` and ``core.inputs``.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from returnsim.core.custody import DETENTION, OUTCOMES
from returnsim.core.demography import FIRST_DEATH
from returnsim.core.inputs import Class, Inputs, Place, Population
from returnsim.core.record import Tally, no_tally
from returnsim.core.state import CLASSES, DETAINED, HELD, HOME, PARTIES, initial_state

CAMP, ONWARD_PLACE = int(Place.CAMP), int(Place.ONWARD)
DISAPPEARED, CONSCRIPTED, KILLED_PLACE = (
    int(Place.DISAPPEARED),
    int(Place.CONSCRIPTED),
    int(Place.KILLED),
)
HOME_0, HELD_0, DETAINED_0 = int(Place.HOME_0), int(Place.HELD_0), int(Place.DETAINED_0)
"""The second party's place follows the first's."""
FIRST_CUSTODY, LAST_CUSTODY = int(HELD[0]), int(DETAINED[-1])
MEN, WOMEN = int(Class.MEN_CONSCRIPTION_AGE), int(Class.WOMEN)

ARRIVAL, LIFE, ONWARD_STEP, CUSTODY, DEPARTURE, HOME_0_STEP = range(6)
"""Steps that move members, in the order of a week; the second party's home follows the first's."""

MOST_RISKS = max(FIRST_DEATH + CLASSES, DETENTION + len(OUTCOMES) * PARTIES)
"""That compete in one step: of life in the camp, or in custody."""

MOST_MOVES, MOST_DEEDS = 40, 6
"""Of one household in one week, with room to spare."""

MOVE_COLUMNS, DEED_COLUMNS, REPORT_COLUMNS = 8, 5, 3

BY_REPLICATE = (
    "perceived",
    "parties_last_week",
    "stock",
    "public_safe",
    "public_harm",
    "public_passage",
)
"""Fields of a state that are not by household."""

LOOKED_AT = (
    "life_bound",
    "party_week",
    "home_exposure",
    "home_men",  # of conscription age, by party
    "origin",
    "party_guarantor",
    "camp_size",
    "option",
    "arrived",
    "chose",  # made a choice in the week
    "touched",  # members moved in the week
    "on_the_move",
    "in_custody",
)
"""Fields of a household that every week looks at, whoever is still in camp: they come first, in one
line of the machine's cache."""

FEWEST = {"G": 4, "O": 8, "P": 4}
"""Axes that are made up to a power of two, and to how many at least: the loops are compiled anew
for other lengths, and so most scenarios share them. Households have no values by origin, so that
longer ones cost nothing."""

LINE = 64
"""Bytes that a machine's memory moves at once."""

NOT_BY_HOUSEHOLD = {"arrival_week", "contact_start", "contact_rows"}
ONCE = NOT_BY_HOUSEHOLD | {"reserves", "origin"}
"""Fields of a population that are not traits of a household, or are its state's by now."""


class Records(NamedTuple):
    """A block of replicates in records.

    Attributes
    ----------
    parameters : array of records, shape (C,)
    levers : array of records, shape (T, C)
    households : array of records, shape (B,)
        What changes of a household.
    traits : array of records, shape (B,)
        What does not.
    shared : array of records, shape (R,)
        What a replicate's households share.
    tally : array of records, shape (R,)
        The week as it is counted.
    arrival_week, contact_start, contact_rows : arrays
        As in `Population`.
    """

    parameters: np.ndarray
    levers: np.ndarray
    households: np.ndarray
    traits: np.ndarray
    shared: np.ndarray
    tally: np.ndarray
    arrival_week: np.ndarray
    contact_start: np.ndarray
    contact_rows: np.ndarray


class Here(NamedTuple):
    """Where a loop is: a replicate's week, with the numbers that hold there."""

    p: Any  # record of the parameters
    levers: Any  # record of the week's levers
    shared: Any  # record of what the replicate's households share
    tally: Any  # record of the replicate's week as it is counted
    room: Any  # record of the scratch
    guarantors: int  # how many there are; arrays are longer
    options: int
    r: int  # row of the block
    t: int
    calendar: int
    seed: np.uint64
    replicate: int  # by its number
    logged: bool
    counted: bool  # whether the week is recorded
    public_share: float
    shared_cost: float  # of transport
    hunger_floor: float


class Logs(NamedTuple):
    """Lines written in a week; how many are in use is in the scratch."""

    moves: np.ndarray  # row, household, source, class, target, class after, number, step
    deeds: np.ndarray  # row, household, week, deed, guarantor
    harms: np.ndarray  # household, guarantor, amount in 1/UNIT: to be told of
    passages: np.ndarray  # likewise


def block_of(inputs: Inputs, people: Population) -> Records:
    """Lay out a block in records, with nobody in the camp yet."""
    p, levers = inputs.parameters, inputs.conditions
    replicates, households, _ = people.members.shape
    size, guarantors = replicates * households, p.kappa0.shape[1]
    state = initial_state(inputs, _one_household(people))
    rows = {n: f for n, f in _fields(state, "B").items() if n not in BY_REPLICATE}
    rows |= {
        "origin": Field(np.zeros(1, dtype=np.int32), ()),
        "home_men": Field(np.zeros((1, len(HOME)), dtype=np.int16), (len(HOME),)),
        "in_custody": Field(np.zeros(1, dtype=np.bool_), ()),
        "chose": Field(np.zeros(1, dtype=np.bool_), ()),
        "touched": Field(np.zeros(1, dtype=np.bool_), ()),
    }
    first = _records({name: rows[name] for name in sorted(rows, key=_place)}, (replicates,), LINE)
    of_all = _room((replicates, households), first.dtype)
    of_all[:] = first[:, None]
    of_all["reserves"], of_all["origin"] = people.reserves, people.origin
    traits = {
        name: Field(field.reshape(size, *field.shape[2:]), field.shape[2:])
        for name, field in people._asdict().items()
        if name not in ONCE
    }
    traits["n"] = Field(np.tile(np.arange(households), replicates), ())
    shared = {n: f for n, f in _fields(state, "R").items() if n in BY_REPLICATE}
    return Records(
        _records(_fields(p, "C"), (len(p.weight),), LINE),
        _records(_fields(levers, "T", "C"), levers.severity.shape, LINE),
        of_all.reshape(size),
        _records(traits, (size,)),
        _records(shared, (replicates,), LINE),
        _records(_fields(no_tally(replicates, guarantors), "R"), (replicates,), LINE),
        people.arrival_week,
        people.contact_start,
        people.contact_rows,
    )


def _one_household(people: Population) -> Population:
    """The first household of each replicate, without contacts, in whose stead the rest start."""
    one = {n: f[:, :1] for n, f in people._asdict().items() if n not in NOT_BY_HOUSEHOLD}
    nobody = np.zeros(len(people.members) + 1, dtype=np.int64)
    return people._replace(**one, contact_start=nobody, contact_rows=people.contact_rows[:0])


def tally_of(block: Records, guarantors: int) -> Tally:
    """The counts of a week, as views of the records that the loops count in."""
    fields = {}
    for name, kind in Tally.__annotations__.items():
        field = block.tally[name]
        fields[name] = field[:, :guarantors].T if kind.dim_str == "G R" else field
    return Tally(**fields | {"stock": block.shared["stock"]})


def scratch(guarantors: int, options: int, processes: int) -> np.ndarray:
    """Room for the sums of one household, as an array of one record."""
    guarantors, options = _made_up("G", guarantors), _made_up("P", options)
    alternatives = options + 2
    return np.zeros(
        1,
        np.dtype(
            [
                ("drawn", "f8", (processes, 4)),
                ("drawn_of", "i8", (processes,)),
                ("utilities", "f8", (alternatives,)),
                ("free", "f8", (alternatives,)),
                ("weights", "f8", (alternatives,)),
                ("ways", "f8", (alternatives,)),
                ("whose", "i8", (options,)),
                ("barred", "u1", (options,)),
                ("hazards", "f8", (MOST_RISKS,)),
                ("counts", "i8", (CLASSES,)),
                ("held", "i8", (CLASSES,)),
                ("harm_news", "f8", (guarantors,)),
                ("safety_news", "f8", (guarantors,)),
                ("trust", "f8", (guarantors,)),
                ("moves", "i8"),  # lines in use of the logs and reports
                ("deeds", "i8"),
                ("harms", "i8"),
                ("passages", "i8"),
            ],
            align=True,
        ),
    )


class Field(NamedTuple):
    """Values of one field of some records."""

    values: np.ndarray  # the records' axes first
    inner: tuple[int, ...]  # lengths of the others, made up where they are


def _fields(record: Any, *leading: str) -> dict[str, Field]:
    """The arrays of a record by the names of their axes, those of the records first."""
    fields = {}
    for name, kind in type(record).__annotations__.items():
        axes, values = kind.dim_str.split(), getattr(record, name)
        lengths = [
            _made_up(axis, length) if axis in FEWEST else length
            for axis, length in zip(axes, values.shape, strict=True)
            if axis not in leading
        ]
        first = [axes.index(axis) for axis in leading if axis in axes]
        ordered = values.transpose(first + [i for i in range(len(axes)) if i not in first])
        fields[name] = Field(ordered if first else values[None], tuple(lengths))
    return fields


def _made_up(axis: str, length: int) -> int:
    return max(FEWEST[axis], 1 << (length - 1).bit_length())


def _place(name: str) -> int:
    return LOOKED_AT.index(name) if name in LOOKED_AT else len(LOOKED_AT)


def _records(fields: Mapping[str, Field], shape: tuple[int, ...], line: int = 1) -> np.ndarray:
    """Arrays of equal leading axes as one array of records, each of whole lines of memory."""
    kinds = []
    for name, (values, inner) in fields.items():
        # The compiler has no arrays of booleans within records.
        dtype = np.dtype(np.uint8) if inner and values.dtype == np.bool_ else values.dtype
        kinds.append((name, dtype, inner) if inner else (name, dtype))
    packed = np.dtype(kinds, align=True)
    size = -(-packed.itemsize // line) * line
    kind = np.dtype(
        {
            "names": list(fields),
            "formats": [packed[name] for name in fields],
            "offsets": [packed.fields[name][1] for name in fields],  # type: ignore[index]
            "itemsize": size,
            "aligned": True,
        }
    )
    records = _room(shape, kind)
    for name, (values, inner) in fields.items():
        known = values.shape[-len(inner) :] if inner else ()
        there: tuple[Any, ...] = (..., *(slice(length) for length in known))
        records[name][there] = values
    return records


def _room(shape: tuple[int, ...], kind: np.dtype) -> np.ndarray:
    """Records of zeros that begin with a line of memory."""
    number = int(np.prod(shape)) * kind.itemsize
    room = np.zeros(number + LINE, dtype=np.uint8)
    first = -room.ctypes.data % LINE
    return room[first : first + number].view(kind).reshape(shape)
