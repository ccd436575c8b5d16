"""Who knows whom: a small world of kin and neighbours, mostly of one origin."""

import numpy as np
from jaxtyping import Int32, Int64

from returnsim.draws import Draws, Once


def make_contacts(
    origin: Int64[np.ndarray, "R N"],
    initial: int,
    contacts: int,
    rewired: float,
    draws: Draws,
) -> tuple[Int64[np.ndarray, "rows_plus_1"], Int32[np.ndarray, "links"]]:
    """Draw the contact graph of each replicate (Watts and Strogatz 1998).

    Parameters
    ----------
    origin : array of int, shape (R, N)
        Each household's origin; those from ``initial`` on arrive later.
    initial : int
        Households in camp from the start.
    contacts : int
        Mean number of contacts of those in camp from the start, even. A household draws half of
        them and is drawn by others for the rest; nobody draws an arrival, which has half as many.
    rewired : float
        Share of links that lead anywhere instead of to a neighbour.
    draws : Draws
        One row a replicate.

    Returns
    -------
    contact_start, contact_rows
        The graph as compressed rows over ``replicate * N + household``, each row ascending.
    """
    replicates, households = origin.shape
    half = contacts // 2
    links = [draws.once(Once.CONTACT_0 + j, households) for j in range(half)]
    starts, rows = [np.zeros(1, dtype=np.int64)], []
    for r in range(replicates):
        pairs = _pairs(origin[r], initial, [u[r] for u in links], rewired)
        start, known = _symmetric(*pairs, households)
        starts.append(start[1:] + starts[-1][-1])
        rows.append(known + np.int32(r * households))
    return np.concatenate(starts), np.concatenate(rows)


def _pairs(
    origin: np.ndarray, initial: int, links: list[np.ndarray], rewired: float
) -> tuple[np.ndarray, np.ndarray]:
    """Both ends of every link drawn, those to oneself and those drawn twice included."""
    order = np.argsort(origin[:initial], kind="stable")
    sorted_origin = origin[:initial][order]
    number = np.bincount(sorted_origin, minlength=int(origin.max()) + 1)
    first = np.cumsum(number) - number
    place = np.arange(initial) - first[sorted_origin]
    ring_first, ring_size = first[sorted_origin], number[sorted_origin]
    one, other = [], []
    late = np.arange(initial, len(origin))
    for j, u in enumerate(links):
        neighbour = order[ring_first + (place + j + 1) % ring_size]
        one.append(order)
        other.append(np.where(u[order] < rewired, _anyone(u[order], rewired, initial), neighbour))
        own = origin[late]
        kin = first[own] + np.floor(_rest(u[late], rewired) * number[own]).astype(np.int64)
        without_kin = (number[own] == 0) | (u[late] < rewired)
        anyone = _anyone(u[late], rewired, initial)
        one.append(late)
        other.append(np.where(without_kin, anyone, order[np.minimum(kin, initial - 1)]))
    return np.concatenate(one), np.concatenate(other)


def _anyone(u: np.ndarray, rewired: float, initial: int) -> Int64[np.ndarray, "n"]:
    return np.asarray(np.floor(_either(u, rewired) * initial), dtype=np.int64)


def _rest(u: np.ndarray, rewired: float) -> np.ndarray:
    """What a draw that did not rewire leaves undecided, a uniform on [0, 1)."""
    share = (u - rewired) / max(1.0 - rewired, 1e-300)
    return np.asarray(np.clip(share, 0.0, np.nextafter(1.0, 0.0)))


def _either(u: np.ndarray, rewired: float) -> np.ndarray:
    """What a draw leaves undecided on its side of ``rewired``, a uniform on [0, 1)."""
    below = np.clip(u / max(rewired, 1e-300), 0.0, np.nextafter(1.0, 0.0))
    return np.where(u < rewired, below, _rest(u, rewired))


def _symmetric(
    one: np.ndarray, other: np.ndarray, households: int
) -> tuple[np.ndarray, np.ndarray]:
    apart = one != other
    one, other = one[apart], other[apart]
    both = np.concatenate([one * households + other, other * households + one])
    # `np.unique` looks for the distinct in a hash table first, which takes ten times as long.
    both.sort()
    cells = both[np.concatenate([[True], both[1:] != both[:-1]])] if len(both) else both
    start = np.concatenate([[0], np.cumsum(np.bincount(cells // households, minlength=households))])
    return start.astype(np.int64), (cells % households).astype(np.int32)
