"""The few rules of chance that ``docs/model.md`` uses, for one household at a time."""

import math


def logistic(z: float) -> float:
    """``S(z) = 1 / (1 + exp(-z))``, without overflow for a very negative ``z``."""
    if z >= 0:
        return 1 / (1 + math.exp(-z))
    return math.exp(z) / (1 + math.exp(z))


def logit_shares(values: list[float]) -> list[float]:
    """Shares of the multinomial logit; the largest value is taken off so that none overflows."""
    largest = max(values)
    weights = [math.exp(value - largest) for value in values]
    total = sum(weights)
    return [weight / total for weight in weights]


def certain_shares(values: list[float]) -> list[float]:
    """All for the largest value, the first of equals."""
    best = values.index(max(values))
    return [1.0 if number == best else 0.0 for number in range(len(values))]


def cut(u: float, shares: list[float]) -> int:
    """Which of some shares of [0, 1), laid end to end in their order, ``u`` falls into."""
    upper = 0.0
    for number, share in enumerate(shares):
        upper += share
        if upper > u:
            return number
    # Rounding alone keeps the sum of all at or under u: it belongs to the last share there is.
    return max(number for number, share in enumerate(shares) if share > 0)


def event(u: float, hazards: list[float]) -> tuple[int, float] | None:
    """Whether one of some hazards strikes this week, which, and the remainder ``z`` of the draw.

    ``L`` is the sum of the hazards: none strikes unless ``u < 1 - exp(-L)``, and then
    ``v = u L / (1 - exp(-L))`` falls into the cumulated hazards.
    """
    total = sum(hazards)
    chance = -math.expm1(-total)
    if not u < chance:
        return None
    v = u * total / chance
    upper = 0.0
    for number, hazard in enumerate(hazards):
        lower, upper = upper, upper + hazard
        if upper > v:
            return number, (v - lower) / (upper - lower)
    # Rounding alone brings v up to the sum of all: it belongs to the last hazard there is.
    return max(number for number, hazard in enumerate(hazards) if hazard > 0), 1.0


def pick(z: float, parts: list[int]) -> int:
    """The first class whose cumulated whole number exceeds ``floor(z * total)``."""
    total = sum(parts)
    wanted = min(math.floor(z * total), total - 1)
    upper = 0
    for number, part in enumerate(parts):
        upper += part
        if upper > wanted:
            return number
    raise ValueError("nobody to pick from")


def binomial(u: float, n: int, q: float) -> tuple[int, float]:
    """Binomial by inversion: the first ``k`` with ``F(k) > u``, and ``(u - F(k - 1)) / f(k)``."""
    below = 0.0
    k, f = 0, 0.0
    for k in range(n + 1):
        f = math.comb(n, k) * q**k * (1 - q) ** (n - k)
        if below + f > u:
            return k, (u - below) / f
        below += f
    # Rounding alone keeps F(n) at or under u: all n, and the last number below 1.
    return k, math.nextafter(1.0, 0.0)
