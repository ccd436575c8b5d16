"""The figure of what was fitted to can be read where nothing was observed."""

import pytest
from matplotlib.figure import Figure

from returnsim.experiments.calibration import Fitted, calibrate
from returnsim.experiments.calibration_tables import targets_table
from returnsim.experiments.files import load_experiment
from returnsim.figures.calibration import MOST_TIMES, fit_figure
from returnsim.figures.style import in_style
from tests.cli.test_calibrate import CAMP

AGAINST = "Where nothing was observed, a row is drawn against the upper end of that range."
CUT = "Bands that are cut at the edge have their middle 90 % written there."
RECORD = """quantity,from,to,low,best,high,unit,guarantor,use,source,note
departures,2019-02-04,2019-03-31,0,0,2,people,,calibrate,counted,
camp_population,,2019-05-26,90,130,170,people,,calibrate,counted,
camp_population,,2019-07-07,90,120,150,people,,calibrate,counted,
"""


TINY = """
title: The camp by the road, fitted in haste
base: camp.yaml
seed: 1
calibration:
  {prior_runs: 16, generations: 1, candidates: 4, shared_replicates: 1, waves: [1],
  runs_a_wave: 16, steps: 100, draws: 16}
factors: {inclination: {path: behaviour.intercept}}
"""


@pytest.fixture(scope="module")
def none_seen(tmp_path_factory: pytest.TempPathFactory) -> Fitted:
    """A fit to a record in which nobody is seen to leave at first, though many would."""
    folder = tmp_path_factory.mktemp("none")
    (folder / "camp.yaml").write_text(CAMP.replace("people: 2000", "people: 200"))
    (folder / "record.csv").write_text(RECORD)
    (folder / "fit.yaml").write_text(TINY)
    return calibrate(load_experiment(folder / "fit.yaml"), folder / "fit", 1)


def drawn(fit: Fitted) -> Figure:
    with in_style():
        figure, _ = fit_figure(fit)
        figure.draw_without_rendering()
    return figure


def caption(figure: Figure) -> str:
    return " ".join(figure.get_supxlabel().split())


def test_a_row_of_which_nothing_was_observed_leaves_the_others_their_room(none_seen: Fitted):
    table = targets_table(none_seen)
    assert table["observed"][0] == 0
    assert list(table["high90"] > MOST_TIMES * table["observed_high90"]) == [True, False, False]
    figure = drawn(none_seen)
    (axes,) = figure.axes
    assert axes.get_xlim() == (0, MOST_TIMES)
    (cut,) = axes.texts
    assert cut.get_text() == f"{table['low90'][0]:.3g} to {table['high90'][0]:.3g} people →"
    place = axes.get_yticks()[0]
    assert cut.get_position() == (MOST_TIMES, place)


def test_what_such_a_row_is_a_multiple_of_is_said(none_seen: Fitted):
    assert AGAINST in caption(drawn(none_seen))
    assert CUT in caption(drawn(none_seen))
    some = none_seen._replace(
        targets=tuple(target._replace(best=max(target.best, 30.0)) for target in none_seen.targets)
    )
    assert AGAINST not in caption(drawn(some))


def test_a_fit_of_which_nothing_is_cut_ends_where_its_bands_do(none_seen: Fitted):
    near = none_seen._replace(
        targets=tuple(target._replace(best=1000.0) for target in none_seen.targets)
    )
    figure = drawn(near)
    assert figure.axes[0].get_xlim()[1] < MOST_TIMES
    assert not figure.axes[0].texts
    assert CUT not in caption(figure)
