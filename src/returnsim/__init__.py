"""returnsim: whether displaced households go home, willing or pushed, and at what harm."""

__version__ = "0.1.0"
