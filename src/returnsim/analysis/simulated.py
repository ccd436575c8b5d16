"""What a run says of the things that were observed, over the same days."""

from datetime import date

import numpy as np
from jaxtyping import Float

from returnsim.analysis.observations import Observation, check_guarantor
from returnsim.analysis.quantities import MEN_SHARE, PERCENT, observable, per_hundred
from returnsim.scenario.limits import DAYS
from returnsim.trajectories import Trajectories


def simulated(trajectories: Trajectories, observation: Observation) -> Float[np.ndarray, "R"]:
    """What each replicate says of the thing observed, in the observation's unit.

    A stock is taken at the end of the day, on a straight line between the week ends around it. A
    flow is summed over the window, a week's flow spread evenly over its days; under one guarantor,
    a window within a week takes the whole of that week.

    Parameters
    ----------
    trajectories : Trajectories
        A run.
    observation : Observation
        What was observed.

    Returns
    -------
    array, shape (R,)
        NaN where the day or a part of the window was not recorded, or where there is nobody of
        whom to take a share.

    Raises
    ------
    UsageError
        If the observation is of a guarantor that the scenario does not have.
    """
    columns = trajectories.columns
    if observation.quantity == MEN_SHARE:
        leavers = _over_days_of(observation, trajectories, columns["departures"])
        men = (
            columns["departures_men_conscription_age"]
            + columns["departures_men_older"]
            + columns["departures_elderly"] / 2
        )
        gone = _over_days_of(observation, trajectories, men)
        return per_hundred(gone, leavers)
    if not observable()[observation.quantity].is_stock:
        return _over_days_of(observation, trajectories, _flow(trajectories, observation))
    scale = 100.0 if observation.unit in PERCENT else 1.0
    return scale * on_day(trajectories, observation.quantity, observation.end)


def on_day(trajectories: Trajectories, stock: str, day: date) -> Float[np.ndarray, "R"]:
    """A stock at the end of a day, on a straight line between the ends of the weeks around it.

    Parameters
    ----------
    trajectories : Trajectories
        A run.
    stock : str
        Name of a column of stocks. In the first week recorded, where nothing stands before, the
        camp's population is taken from the flows of that week, other stocks from its end.
    day : date
        Any day.

    Returns
    -------
    array, shape (R,)
        In the column's unit; NaN if the day was not recorded.
    """
    days = (np.datetime64(day) - trajectories.dates[0]).astype(int) + 1
    weeks, rest = divmod(int(days), DAYS)
    values = np.column_stack([_before(trajectories, stock), trajectories[stock]])
    if days < 1 or weeks + (rest > 0) >= values.shape[1]:
        return np.full(len(values), np.nan)
    if rest == 0:
        return values[:, weeks]
    ahead = rest / DAYS
    between: np.ndarray = (1 - ahead) * values[:, weeks] + ahead * values[:, weeks + 1]
    return between


def over_window(
    trajectories: Trajectories,
    flow: Float[np.ndarray, "R W"],
    first: date,
    last: date,
    *,
    whole_week: bool = False,
) -> Float[np.ndarray, "R"]:
    """Sum a weekly flow over some days, the first and the last counted in.

    Parameters
    ----------
    trajectories : Trajectories
        A run.
    flow : array, shape (R, W)
        One of its flows, or a sum of some.
    first, last : date
        The window.
    whole_week : bool
        Whether a window that begins and ends within a week takes the whole of that week.

    Returns
    -------
    array, shape (R,)
        In the flow's unit; NaN where a part of the window was not recorded.
    """
    begins = trajectories.dates
    day, end = np.datetime64(first), np.datetime64(last)
    if day < begins[0] or end >= begins[-1] + np.timedelta64(DAYS, "D"):
        return np.full(len(flow), np.nan)
    from_day = np.maximum((day - begins).astype(int), 0)
    to_day = np.minimum((end - begins).astype(int) + 1, DAYS)
    share = np.maximum(to_day - from_day, 0) / DAYS
    if whole_week and np.count_nonzero(share) == 1:
        share = np.ceil(share)
    total: np.ndarray = (flow * share).sum(axis=1)
    return total


def camp_at_start(trajectories: Trajectories) -> Float[np.ndarray, "R"]:
    """People in camp before the first week recorded, from that week's end and its flows.

    Parameters
    ----------
    trajectories : Trajectories
        A run.

    Returns
    -------
    array, shape (R,)
        People.
    """
    columns = {name: values[:, 0] for name, values in trajectories.columns.items()}
    came = columns["arrivals"] + columns["births"]
    went = columns["departures"] + columns["onward"] + columns["died_in_camp"]
    # Counts times a weight need not cancel to the last digit.
    start: np.ndarray = np.maximum(columns["camp_population"] + went - came, 0.0)
    return start


def _before(trajectories: Trajectories, stock: str) -> np.ndarray:
    if stock == "camp_population":
        return camp_at_start(trajectories)
    return trajectories[stock][:, 0]


def _over_days_of(
    observation: Observation, trajectories: Trajectories, flow: np.ndarray
) -> np.ndarray:
    # One of a few days under one guarantor is named for a convoy of that guarantor: a weekly record
    # cannot tell its days apart.
    return over_window(
        trajectories,
        flow,
        observation.start or observation.end,
        observation.end,
        whole_week=observation.guarantor is not None,
    )


def _flow(trajectories: Trajectories, observation: Observation) -> np.ndarray:
    check_guarantor(observation, trajectories.scenario.guarantor_names)
    if observation.guarantor is None:
        return trajectories[observation.quantity]
    return trajectories[f"{observation.quantity}_{observation.guarantor}"]
