"""The risk that a household sees in going home under a guarantor."""

import numpy as np

from returnsim.core.elementwise import Value
from returnsim.core.inputs import UNIT
from returnsim.core.trust import survival


def threat_perceived(perceived: Value, threat: Value, reach: Value, news_weeks: Value) -> Value:
    """Perceived threat a week later: it follows the true one as far as news of it arrives."""
    return perceived + reach * (threat - perceived) / news_weeks


def believed_exposure(sought: Value, settled: Value, believed_settles: Value) -> Value:
    """Exposure of the goers with the wanted among them settled as far as that is believed.

    ``sought`` and ``settled`` are the exposure with none and with all settled, in 1/UNIT.
    """
    return sought / UNIT - believed_settles * ((sought - settled) / UNIT)


def perceived_harm(
    kappa: Value, omega: Value, exposure: Value, perceived_threat: Value, horizon_weeks: Value
) -> Value:
    """Probability of any harm to the goers within the horizon, as the household believes.

    ``1 - (omega / (omega + H x)) ** kappa`` with ``x`` the exposure times the perceived threat.
    """
    return 1.0 - survival(kappa, omega, horizon_weeks * exposure * perceived_threat)


def perceived_conscription(
    men: Value,
    trust: Value,
    per_week: Value,
    enforced: Value,
    deferral_weeks: Value,
    horizon_weeks: Value,
) -> Value:
    """Probability that a man who goes is conscripted within the horizon, as the household believes.

    A promised deferral counts as far as its guarantor is trusted.
    """
    weeks_liable = np.maximum(0.0, horizon_weeks - deferral_weeks * trust)
    return -np.expm1(-per_week * enforced * weeks_liable * men)
