"""How many households a camp may be simulated with, whoever asks."""

FEWEST_HOUSEHOLDS, MOST_HOUSEHOLDS = 20, 10_000_000
