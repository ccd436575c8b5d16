"""The fit of the camp itself can be believed: records that the model makes are fitted and found."""

from pathlib import Path

import numpy as np
import pytest

from returnsim.analysis.calibration.ranks import verdicts
from returnsim.experiments.calibration import check_fit
from returnsim.experiments.files import load_experiment

ROOT = Path(__file__).parents[2]
TRIALS = 48
IDENTIFIED = 0.2


@pytest.mark.slow
def test_the_true_values_lie_anywhere_in_their_posteriors(tmp_path: Path):
    experiment = load_experiment(ROOT / "experiments" / "calibrate-check.yaml")
    trials = check_fit(experiment, tmp_path, workers=2, trials=TRIALS)
    taken = np.mean([one.taken_away for one in trials], axis=0)
    told = [v for v, share in zip(verdicts(trials), taken, strict=True) if share > IDENTIFIED]
    assert len(told) >= 4
    assert all(verdict.p > 1e-3 for verdict in told)


def test_the_figure_of_the_ranks_is_in_the_repository():
    assert (ROOT / "results" / "calibrate-check" / "figures" / "ranks.png").is_file()
