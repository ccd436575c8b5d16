"""What a rule needs besides arithmetic, for a scalar as for an array."""

from typing import Any

import numpy as np

Value = float | np.ndarray
"""One number, or an array of them: a rule is the same for both, and for a compiled loop."""


def either(condition: Any, yes: Value, no: Value) -> Value:
    """Take one or the other, element by element; both are worked out in any case."""
    return np.where(condition, yes, no)
