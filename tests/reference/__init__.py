"""Hand-made inputs, and the plain Mesa twin of the core held to ``docs/model.md``."""
