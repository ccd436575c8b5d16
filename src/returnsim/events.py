"""What befell each household, event by event, and who the households are, as tables."""

from typing import TYPE_CHECKING

import numpy as np

from returnsim.assemble import block_of, plan_of
from returnsim.core.inputs import NOT_LATER, Class, Place
from returnsim.core.log import Deed, Deeds, Events
from returnsim.core.state import BORN, DETAINED, HELD, HOME, OUTSIDE
from returnsim.errors import UsageError
from returnsim.trajectories import Trajectories

if TYPE_CHECKING:
    import pandas as pd

PLACES = (*(place.name.lower() for place in Place), "born", "outside")
CLASSES = tuple(c.name.lower() for c in Class)
COLUMNS = (
    *("replicate", "week", "date", "household", "kind", "class", "class_after", "number"),
    *("guarantor", "from", "to"),
)


def kinds_of(events: Events) -> np.ndarray:
    """Say in a word what each movement is.

    Parameters
    ----------
    events : Events
        Any.

    Returns
    -------
    array of str, shape (E,)
        One of born, arrived, grew_older, came_home, held, released_from_shelter, detained,
        released, disappeared, conscripted, killed, died_in_camp and onward. Those who returned
        are those who came home from the camp and those who were held on the way.
    """
    source, target = events.source, events.target
    to_home = np.isin(target, HOME)
    conditions = {
        "born": source == BORN,
        "arrived": source == OUTSIDE,
        "grew_older": source == target,
        "came_home": to_home & (source == Place.CAMP),
        "released_from_shelter": to_home & np.isin(source, HELD),
        "released": to_home & np.isin(source, DETAINED),
        "held": np.isin(target, HELD),
        "detained": np.isin(target, DETAINED),
        "disappeared": target == Place.DISAPPEARED,
        "conscripted": target == Place.CONSCRIPTED,
        "killed": target == Place.KILLED,
        "died_in_camp": target == Place.DIED,
        "onward": target == Place.ONWARD,
    }
    return np.select(list(conditions.values()), list(conditions), default="")


def events_frame(trajectories: Trajectories) -> "pd.DataFrame":
    """Lay out what befell the households, one row an event, by replicate and week.

    Parameters
    ----------
    trajectories : Trajectories
        Of a run that kept its events.

    Returns
    -------
    pandas.DataFrame
        `COLUMNS`. Of members: the kinds of `kinds_of`, with their class, number and places (home,
        held and detained by party); they are simulated people, not scaled by the weight. Of
        households: registered, changed, withdrew, lapsed, cleared and refused, which have neither
        class nor place. The guarantor is the one whose word it is about, empty where none is.

    Raises
    ------
    UsageError
        If the run kept no events.
    """
    import pandas as pd

    if trajectories.events is None or trajectories.deeds is None:
        raise UsageError("events: the run kept none; run it with simulate(..., events=True)")
    # Registrations first: whoever leaves in a week was registered before.
    parts = [_deeds(trajectories, trajectories.deeds), _moves(trajectories, trajectories.events)]
    whole = pd.concat(parts, ignore_index=True)
    in_order = whole.sort_values(["replicate", "week"], kind="stable", ignore_index=True)
    return in_order[list(COLUMNS)]


def households_frame(trajectories: Trajectories) -> "pd.DataFrame":
    """Lay out the households of a run, one row a replicate and household.

    Parameters
    ----------
    trajectories : Trajectories
        A run.

    Returns
    -------
    pandas.DataFrame
        ``replicate household arrival_week origin head_age wanted vulnerable attachment income
        remittance goods reserves contacts`` and members by class, as they enter the camp; the
        arrival week is missing for those who are there from the start.
    """
    import pandas as pd

    numbers = trajectories.replicates
    _, people, _ = block_of(plan_of(trajectories), numbers.tolist())
    replicates, households, _ = people.members.shape
    later = np.where(people.arrival_week == NOT_LATER, np.nan, people.arrival_week)
    origins = trajectories.scenario.origin_names
    plain = ("head_age", "wanted", "vulnerable", "attachment", "income", "remittance", "goods")
    return pd.DataFrame(
        {
            "replicate": np.repeat(numbers, households),
            "household": np.tile(np.arange(households), replicates),
            "arrival_week": pd.array(np.tile(later, replicates), dtype="Int64"),
            "origin": pd.Categorical.from_codes(people.origin.ravel(), list(origins)),
            **{name: getattr(people, name).ravel() for name in plain},
            "reserves": people.reserves.ravel(),
            "contacts": np.diff(people.contact_start),
            **{name: people.members[..., c].ravel() for c, name in enumerate(CLASSES)},
        }
    )


def _moves(trajectories: Trajectories, events: Events) -> "pd.DataFrame":
    import pandas as pd

    return pd.DataFrame(
        {
            **_when(trajectories, events),
            "kind": kinds_of(events),
            "class": pd.Categorical.from_codes(events.source_class, list(CLASSES)),
            "class_after": pd.Categorical.from_codes(events.target_class, list(CLASSES)),
            "number": events.number,
            "guarantor": _names(trajectories, events.guarantor),
            "from": pd.Categorical.from_codes(events.source, list(PLACES)),
            "to": pd.Categorical.from_codes(events.target, list(PLACES)),
        }
    )


def _deeds(trajectories: Trajectories, deeds: Deeds) -> "pd.DataFrame":
    import pandas as pd

    size = len(deeds.week)
    return pd.DataFrame(
        {
            **_when(trajectories, deeds),
            "kind": np.array([deed.name.lower() for deed in Deed])[deeds.deed],
            "class": pd.Categorical.from_codes(np.full(size, -1), list(CLASSES)),
            "class_after": pd.Categorical.from_codes(np.full(size, -1), list(CLASSES)),
            "number": np.ones(size, dtype=np.int64),
            "guarantor": _names(trajectories, deeds.guarantor),
            "from": pd.Categorical.from_codes(np.full(size, -1), list(PLACES)),
            "to": pd.Categorical.from_codes(np.full(size, -1), list(PLACES)),
        }
    )


def _when(trajectories: Trajectories, rows: Events | Deeds) -> dict[str, np.ndarray]:
    start = np.datetime64(trajectories.scenario.start)
    return {
        "replicate": rows.replicate,
        "week": rows.week,
        "date": start + rows.week * np.timedelta64(7, "D"),
        "household": rows.household,
    }


def _names(trajectories: Trajectories, guarantor: np.ndarray) -> "pd.Categorical":
    import pandas as pd

    return pd.Categorical.from_codes(guarantor, list(trajectories.scenario.guarantor_names))
