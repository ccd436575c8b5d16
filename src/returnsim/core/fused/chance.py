"""Draws, and what one uniform decides, for a household at a time.

In arrays they are in ``returnsim.draws``, ``core.chance`` and ``core.utility``.
"""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from returnsim.core.chance import happens
from returnsim.core.decision import CLOSED
from returnsim.core.fused.compiling import inner
from returnsim.draws import PROCESSES_A_WEEK, STREAM_VERSION

BELOW_ONE = float(np.nextafter(1.0, 0.0))
_MULTIPLIER_0, _MULTIPLIER_1 = np.uint64(0xD2E7470EE14C6C93), np.uint64(0xCA5A826395121157)
_WEYL_0, _WEYL_1 = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBB67AE8584CAA73B)
_VERSION = np.uint64(STREAM_VERSION)
_ONE, _ELEVEN = np.uint64(1), np.uint64(11)
_ROUNDS = 10
_STEP = 2.0**-53


@intrinsic
def _high_word(typing_context: Any, a: Any, b: Any) -> Any:  # noqa: ARG001
    """Upper half of the product of two words of 64 bits."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:  # noqa: ARG001
        wide = ir.IntType(128)
        x, y = (builder.zext(argument, wide) for argument in arguments)
        high = builder.lshr(builder.mul(x, y), ir.Constant(wide, 64))
        return builder.trunc(high, ir.IntType(64))

    return types.uint64(types.uint64, types.uint64), generate


@inner
def _four(
    out: np.ndarray, seed: np.uint64, block: np.uint64, replicate: np.uint64, word: np.uint64
) -> None:
    """One block of Philox4x64-10 as four uniforms (Salmon et al. 2011)."""
    c0, c1, c2, c3 = block, np.uint64(0), replicate, word
    k0, k1 = seed, _VERSION
    for _ in range(_ROUNDS):
        high_0, low_0 = _high_word(_MULTIPLIER_0, c0), _MULTIPLIER_0 * c0
        high_1, low_1 = _high_word(_MULTIPLIER_1, c2), _MULTIPLIER_1 * c2
        c0, c1, c2, c3 = high_1 ^ c1 ^ k0, low_1, high_0 ^ c3 ^ k1, low_0
        k0 += _WEYL_0
        k1 += _WEYL_1
    out[0] = np.float64(c0 >> _ELEVEN) * _STEP
    out[1] = np.float64(c1 >> _ELEVEN) * _STEP
    out[2] = np.float64(c2 >> _ELEVEN) * _STEP
    out[3] = np.float64(c3 >> _ELEVEN) * _STEP


@inner
def uniform(
    kept: np.ndarray,
    of_block: np.ndarray,
    process: int,
    n: int,
    seed: np.uint64,
    replicate: int,
    calendar: int,
) -> float:
    """The draw of household ``n`` for a process, as `returnsim.draws.Draws.weekly` gives it.

    Parameters
    ----------
    kept, of_block : arrays, shapes (processes, 4) and (processes,)
        The last block drawn for each process, and which it was; -1 at the start of a week.
    """
    block = n >> 2
    if of_block[process] != block:
        word = np.uint64(PROCESSES_A_WEEK * calendar + process)
        _four(kept[process], seed, np.uint64(block) + _ONE, np.uint64(replicate), word)
        of_block[process] = block
    return kept[process, n & 3]


@inner
def which(u: float, hazards: np.ndarray, kinds: int) -> tuple[int, float]:
    """Competing risks, as `returnsim.core.chance.which` decides them."""
    total = 0.0
    for i in range(kinds):
        total += hazards[i]
    probability = happens(total)
    if u >= probability:
        return -1, 0.0
    v = u * total / (probability if probability > 0 else 1.0)
    kind, cumulated, below = kinds - 1, 0.0, 0.0
    for i in range(kinds):
        below = cumulated
        cumulated += hazards[i]
        if cumulated > v:
            kind = i
            break
    width = hazards[kind]
    rest = (v - below) / (width if width > 0 else 1.0)
    return kind, min(max(rest, 0.0), BELOW_ONE)


@inner
def pick(rest: float, weights: np.ndarray, classes: int) -> int:
    """Pick a class by integer weights, as `returnsim.core.chance.pick` does."""
    total = 0
    for c in range(classes):
        total += weights[c]
    place = np.floor(rest * total)
    below = 0
    for c in range(classes):
        below += weights[c]
        if below > place:
            return c
    return classes


@inner
def binomial(u: float, trials: int, hazard: float) -> tuple[int, float]:
    """Successes by inversion of a uniform, as `returnsim.core.chance.binomial` counts them."""
    x = min(hazard, 30.0)
    odds = np.expm1(x)
    mass = np.exp(-x * trials)
    below, count = 0.0, 0
    going = u >= mass and trials > 0
    while going:
        below += mass
        mass = mass * odds * (trials - count) / (count + 1)
        count += 1
        going = u >= below + mass and count < trials
    rest = (u - below) / (mass if mass > 0 else 1.0)
    return count, min(max(rest, 0.0), BELOW_ONE)


@inner
def weigh(utilities: np.ndarray, threshold: bool, out: np.ndarray, number: int) -> float:
    """Logit numerators, or 1 for the best and 0 for the others; gives their sum."""
    best = 0
    for i in range(1, number):
        if utilities[i] > utilities[best]:
            best = i
    total = 0.0
    for i in range(number):
        # Of the best the exponential is exactly 1, and of what is closed exactly 0.
        if i == best:
            out[i] = 1.0
        elif threshold or utilities[i] == CLOSED:
            out[i] = 0.0
        else:
            out[i] = np.exp(utilities[i] - utilities[best])
        total += out[i]
    return total


@inner
def differ(some: np.ndarray, others: np.ndarray, number: int) -> bool:
    """Whether any of the first values are not the same."""
    for i in range(number):  # noqa: SIM110 (no generators in a compiled loop)
        if some[i] != others[i]:
            return True
    return False


@inner
def cut(u: float, weights: np.ndarray, number: int) -> int:
    """Which alternative a uniform falls into, as `returnsim.core.utility.cut` says."""
    total = 0.0
    for i in range(number):
        total += weights[i]
    bound, cumulated = u * total, 0.0
    for i in range(number - 1):
        cumulated += weights[i]
        if cumulated > bound:
            return i
    return number - 1
