"""A page to look at a scenario: move its levers, and see what follows from them at once."""
