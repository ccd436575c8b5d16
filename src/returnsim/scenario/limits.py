"""Numbers that stand fast, whoever asks."""

FEWEST_HOUSEHOLDS, MOST_HOUSEHOLDS = 20, 10_000_000
"""How many households a camp may be simulated with."""

DAYS = 7
"""Of a week."""
