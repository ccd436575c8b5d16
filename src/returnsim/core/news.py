"""What is made known this week, heard next week: by events, to the audience of each household."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Int64

from returnsim.core.elementwise import Value
from returnsim.core.inputs import UNIT, Parameters, Population
from returnsim.core.rows import Rows
from returnsim.core.state import PARTIES, State, neighbours


class Reports(NamedTuple):
    """Things that happened under a guarantor, each with an integer amount in 1/UNIT."""

    rows: Int64[np.ndarray, "E"]
    guarantor: Int64[np.ndarray, "E"]
    amount: Int64[np.ndarray, "E"]


def join_reports(parts: list[Reports]) -> Reports:
    """All reports of a week."""
    if not parts:
        none = np.empty(0, dtype=np.int64)
        return Reports(none, none, none)
    return Reports(*(np.concatenate(field) for field in zip(*parts, strict=True)))


def tell(
    reports: Reports,
    heard: np.ndarray,
    public: np.ndarray,
    population: Population,
    households: int,
) -> None:
    """Add reports to what their audience (contacts and the household itself) and the public hear.

    Parameters
    ----------
    reports : Reports
    heard : array of int, shape (guarantors, rows)
        Changed in place.
    public : array of int, shape (guarantors, replicates)
        Changed in place.
    population : Population
    households : int
        A replicate's households.
    """
    rows, guarantor, amount = reports
    if not len(rows):
        return
    listener, position = neighbours(population, rows)
    told = amount.astype(heard.dtype)
    # Along one axis and without a change of type: much faster than by several.
    cells, size = heard.reshape(-1), heard.shape[1]
    np.add.at(cells, guarantor * size + rows, told)
    np.add.at(cells, guarantor[position] * size + listener, told[position])
    np.add.at(public.reshape(-1), guarantor * public.shape[1] + rows // households, amount)


def safety_changes(
    rows: Rows, before: np.ndarray, now: np.ndarray, party_guarantor: np.ndarray
) -> Reports:
    """Changes of exposure at home, by the guarantor of each party.

    Parameters
    ----------
    rows : Rows
        Households in which something changed.
    before, now : arrays of int, shape (parties, n)
        Exposure at home in 1/UNIT.
    party_guarantor : array of int, shape (parties, n)
    """
    parts = []
    for party in range(PARTIES):
        changed = np.flatnonzero(now[party] != before[party])
        parts.append(
            Reports(
                rows.index[changed],
                party_guarantor[party][changed].astype(np.int64),
                (now[party] - before[party])[changed].astype(np.int64),
            )
        )
    return join_reports(parts)


def public_share(weight: Value, public_weight: Value) -> Value:
    """What 1/UNIT of public news counts beside news of contacts, in units."""
    return weight * public_weight / UNIT


def heard_of(known: Value, public: Value, share: Value) -> Value:
    """News of contacts in 1/UNIT, and of everyone as far as public reports count."""
    return known / UNIT + share * public


def safety(safe: Value, perceived_threat: Value, passages: Value, passage_weeks: Value) -> Value:
    """Exposure-weeks without harm: at home by the threat as perceived, and on the road."""
    return perceived_threat * safe + passage_weeks * passages


class Heard(NamedTuple):
    """Evidence on one guarantor that reached some rows in a week."""

    harm: np.ndarray
    safety: np.ndarray


def evidence(
    guarantor: int, rows: Rows, state: State, perceived: np.ndarray, p: Parameters
) -> Heard:
    """Harms and exposure-weeks heard of a guarantor, from contacts and from public reports.

    The exposure at home counts by the threat that the listener perceives: a quiet week in which
    nobody was threatened proves little.
    """
    weight = public_share(rows.of(p.weight), rows.of(p.public_weight))

    def heard(known: np.ndarray, public: np.ndarray) -> np.ndarray:
        return np.asarray(
            heard_of(known[guarantor, rows.index], public[guarantor, rows.replicate], weight)
        )

    nothing = np.zeros(len(rows))
    passages = harm = nothing
    if state.public_passage[guarantor].any():
        passages = heard(state.passage_heard, state.public_passage)
    if state.public_harm[guarantor].any():
        harm = heard(state.harm_heard, state.public_harm)
    safe = heard(state.safe, state.public_safe)
    return Heard(harm, np.asarray(safety(safe, perceived, passages, rows.of(p.passage_weeks))))
