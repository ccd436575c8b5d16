"""What is offered in place of a name that nobody knows."""

from difflib import get_close_matches


def choice(given: object, choices: tuple[str, ...], elsewhere: str = "") -> str:
    """Offer the nearest of the valid choices, or else all of them."""
    word = str(given)
    begun = [name for name in choices if word and name.startswith(f"{word}_")]
    near = begun or get_close_matches(word, choices, n=1)
    if len(near) == 1:
        return f"did you mean {near[0]!r}?"
    if not near and elsewhere:
        return f"did you mean {elsewhere!r}?"
    return f"one of: {', '.join(near or choices)}"
