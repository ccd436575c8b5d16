"""A fit: a global search, waves of runs where the record points to, and the posterior.

The search (CMA-ES: Hansen 2016, "The CMA evolution strategy: a tutorial") finds where the record
can be met at all. Each wave then runs the model where the emulator of the runs so far thinks the
posterior lies, at first spread wide, and the emulator is fitted anew (sequential design, as in
history matching: Craig et al. 1997; Williamson et al. 2013). Every run has luck of its own, but
for the search, in which the candidates of a generation share it.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int64
from scipy.stats import qmc

from returnsim.analysis.calibration.emulator import (
    Emulator,
    cross_validated,
    fit_spread,
    spread_features,
)
from returnsim.analysis.calibration.posterior import Sampled, sample
from returnsim.analysis.calibration.problem import Luck, Problem, Simulate
from returnsim.interrupts import interrupts_held

TYPICAL_MISFIT = 0.1
"""Standard deviation of the model's misfit that the search reckons with."""


class Sizes(NamedTuple):
    """How much is run.

    Attributes
    ----------
    prior : int
        Runs spread evenly over the prior.
    generations, candidates, shared : int
        Of the search: its generations, the candidates in each, and how many replicates all
        candidates of a generation share.
    waves : tuple of float
        The temperature of each wave; the last ones are 1.
    runs : int
        Of each wave.
    steps : int
        Of each walker, for the posterior.
    draws : int
        Kept of the posterior.
    full : int
        Draws of the posterior that are run at full size.
    """

    prior: int = 1024
    generations: int = 30
    candidates: int = 16
    shared: int = 4
    waves: tuple[float, ...] = (8.0, 4.0, 2.0, 1.0, 1.0, 1.0, 1.0)
    runs: int = 1200
    steps: int = 4000
    draws: int = 1000
    full: int = 64


class Runs(NamedTuple):
    """Runs of the model: where, with whose luck, and what came of them on the scale of the fit."""

    places: Float[np.ndarray, "n d"]
    replicates: Int64[np.ndarray, "n"]
    outcomes: Float[np.ndarray, "n m"]


class Generation(NamedTuple):
    """How a generation of the search ended: its number, its least and its middle misfit."""

    number: int
    best: float
    median: float


class Size(NamedTuple):
    """The same parameters and replicates in the small camp and in the full one.

    Attributes
    ----------
    small, full : array, shape (n, m)
        Outcomes on the scale of the fit.
    """

    small: Float[np.ndarray, "n m"]
    full: Float[np.ndarray, "n m"]


class Fit(NamedTuple):
    """All that a fit found.

    Attributes
    ----------
    problem : Problem
        What it was about.
    runs : Runs
        All runs of the small camp.
    generations : tuple of Generation
        Of the search.
    emulator : Emulator
        Of the last wave.
    luck : Luck
        Of the full camp.
    size : Size or None
        What the small camp gets wrong; None where there was no other.
    posterior : Sampled
        The posterior.
    moved : float
        How far apart the places of the last two waves are: the largest distance of their means, in
        standard deviations of the later.
    """

    problem: Problem
    runs: Runs
    generations: tuple[Generation, ...]
    emulator: Emulator
    luck: Luck
    size: Size | None
    posterior: Sampled
    moved: float


Progress = Callable[[str], None]


def fit(
    problem: Problem,
    simulate: Simulate,
    sizes: Sizes,
    seed: int,
    *,
    full: Simulate | None = None,
    bank: Runs | None = None,
    progress: Progress = lambda _: None,
) -> Fit:
    """Fit a model to a record.

    Parameters
    ----------
    problem : Problem
        What was observed.
    simulate : callable
        Runs the model.
    sizes : Sizes
        How much to run.
    seed : int
        Of all that is drawn but the model's own luck, which goes by the number of the replicate.
    full : callable, optional
        Runs the model at full size, where `simulate` runs a smaller camp in its stead.
    bank : Runs, optional
        Runs over the prior that were made before, in place of those of ``sizes.prior``.
    progress : callable
        Is told a line now and then.

    Returns
    -------
    Fit
    """
    count = _Counter(0 if bank is None else int(bank.replicates.max()) + 1)
    runs = bank or run_prior(problem, simulate, sizes.prior, seed, count)
    generations, found = _search(problem, simulate, sizes, seed, runs, count, progress)
    # What the last wave did is told by `near`; what came before it by `runs`.
    near, runs = runs, Runs(*(field[:0] for field in runs))
    for one in found:
        runs = _with(runs, one)
    emulator, luck = _stand_in(problem, runs, near, seed)
    before: Sampled | None = None
    moved = np.nan
    for number, temperature in enumerate(sizes.waves, start=1):
        where = sample(
            problem,
            emulator,
            luck,
            seed + number,
            draws=sizes.runs,
            steps=sizes.steps // 4,
            temperature=temperature,
        )
        runs, near = _with(runs, near), _run(simulate, where.places, count)
        emulator, luck = _stand_in(problem, runs, near, seed + number)
        if temperature == 1.0:
            moved = _shift(before, where)
            before = where
        progress(
            f"wave {number} of {len(sizes.waves)}: {len(runs.places) + len(near.places):,} runs, "
            f"acceptance {where.acceptance:.2f}, misfit {np.median(where.discrepancy):.3f}, "
            f"luck and error of the stand-in {np.sqrt(np.diag(luck.covariance)).mean():.3f}"
        )
    runs = _with(runs, near)
    size = None
    if full is not None:
        where = sample(problem, emulator, luck, seed, draws=sizes.full, steps=sizes.steps // 4)
        size, luck = _full_size(emulator, luck, where.places, simulate, full, count)
        progress(f"{sizes.full} draws run at full size")
    posterior = sample(problem, emulator, luck, seed, draws=sizes.draws, steps=sizes.steps)
    progress(
        f"posterior: acceptance {posterior.acceptance:.2f}, effective {posterior.effective:,.0f}"
    )
    return Fit(problem, runs, generations, emulator, luck, size, posterior, moved)


def run_prior(
    problem: Problem, simulate: Simulate, number: int, seed: int, count: "_Counter | None" = None
) -> Runs:
    """Run the model over the prior, as evenly as a Sobol sequence lies."""
    # SciPy swallows a Ctrl-C that comes while it reads the numbers of the sequence.
    with interrupts_held():
        sequence = qmc.Sobol(len(problem.parameters), rng=np.random.default_rng(seed))
    places = sequence.random_base2(max(1, int(np.ceil(np.log2(number)))))[:number]
    return _run(simulate, places, count or _Counter())


class _Counter:
    """Numbers replicates so that none is used twice."""

    def __init__(self, first: int = 0) -> None:
        self._next = first

    def take(self, number: int) -> np.ndarray:
        first, self._next = self._next, self._next + number
        return np.arange(first, self._next, dtype=np.int64)


def _run(simulate: Simulate, places: np.ndarray, count: _Counter) -> Runs:
    replicates = count.take(len(places))
    return Runs(places, replicates, simulate(places, replicates))


def _with(runs: Runs, more: Runs) -> Runs:
    return Runs(*(np.concatenate(pair) for pair in zip(runs, more, strict=True)))


def _search(
    problem: Problem,
    simulate: Simulate,
    sizes: Sizes,
    seed: int,
    runs: Runs,
    count: _Counter,
    progress: Progress,
) -> tuple[tuple[Generation, ...], list[Runs]]:
    """Look for where the record is met best, from the best place of the prior's runs on."""
    if sizes.generations == 0:
        return (), []
    from cmaes import CMA

    spread = problem.variance + TYPICAL_MISFIT**2
    first = runs.places[np.argmin(_distance(problem, runs.outcomes, spread))]
    sides = len(problem.parameters)
    bounds = np.tile([0.0, 1.0], (sides, 1))
    optimizer = CMA(
        mean=first, sigma=0.2, bounds=bounds, seed=seed % 2**32, population_size=sizes.candidates
    )
    generations, found = [], []
    for number in range(1, sizes.generations + 1):
        candidates = np.array([optimizer.ask() for _ in range(sizes.candidates)])
        luck = count.take(sizes.shared)
        places = np.repeat(candidates, sizes.shared, axis=0)
        replicates = np.tile(luck, len(candidates))
        outcomes = simulate(places, replicates)
        found.append(Runs(places, replicates, outcomes))
        each = outcomes.reshape(len(candidates), sizes.shared, -1)
        own = each.var(axis=1, ddof=1).mean(axis=0) if sizes.shared > 1 else 0.0
        losses = _distance(problem, each.mean(axis=1), spread + own / sizes.shared)
        optimizer.tell(list(zip(candidates, losses.tolist(), strict=True)))
        generations.append(Generation(number, float(losses.min()), float(np.median(losses))))
        progress(
            f"search {number} of {sizes.generations}: best misfit {losses.min():.1f}, "
            f"median {np.median(losses):.1f} over {len(problem.targets)} targets"
        )
    return tuple(generations), found


def _distance(problem: Problem, outcomes: np.ndarray, variance: np.ndarray) -> np.ndarray:
    total: np.ndarray = ((outcomes - problem.observed) ** 2 / variance).sum(axis=1)
    return total


def _stand_in(problem: Problem, runs: Runs, near: Runs, seed: int) -> tuple[Emulator, Luck]:
    """Fit the emulator to all runs so far, and tell what it leaves over.

    How that goes with the parameters is told by all runs, how much it is in the middle of the
    posterior by the nearest. What is left over of them is not taken around its mean: where the
    emulator errs all over the posterior, that is error too.
    """
    everything = _with(runs, near)
    emulator, left_over = cross_validated(everything.places, everything.outcomes, seed)
    spread = fit_spread(everything.places, left_over)
    # In the variance that is typical near the posterior.
    spread[0] -= np.log(np.exp(spread_features(near.places) @ spread).mean(axis=0))
    luck = Luck(np.zeros(len(problem.targets)), np.eye(len(problem.targets)), spread)
    rest = left_over[len(runs.places) :] / luck.scale(near.places)
    return emulator, luck._replace(covariance=_shrunk(rest))


def _full_size(
    emulator: Emulator,
    luck: Luck,
    places: np.ndarray,
    simulate: Simulate,
    full: Simulate,
    count: _Counter,
) -> tuple[Size, Luck]:
    replicates = count.take(len(places))
    size = Size(simulate(places, replicates), full(places, replicates))
    rest = size.full - emulator.mean(places)
    shift = rest.mean(axis=0)
    covariance = _shrunk((rest - shift) / luck.scale(places))
    return size, luck._replace(shift=shift, covariance=covariance * len(rest) / (len(rest) - 1))


def _shrunk(rest: np.ndarray) -> np.ndarray:
    """Covariance of few runs around nothing, its correlations steadied (Ledoit and Wolf 2004).

    The variances are left as they are: outcomes of which luck makes little must stay so.
    """
    from sklearn.covariance import ledoit_wolf

    sd = np.maximum(np.sqrt((rest**2).mean(axis=0)), 1e-12)
    together: np.ndarray = ledoit_wolf(rest / sd, assume_centered=True)[0]
    covariance: np.ndarray = together * np.outer(sd, sd)
    return covariance


def _shift(before: Sampled | None, now: Sampled) -> float:
    if before is None:
        return float("nan")
    apart = np.abs(now.places.mean(axis=0) - before.places.mean(axis=0))
    return float(np.max(apart / now.places.std(axis=0)))
