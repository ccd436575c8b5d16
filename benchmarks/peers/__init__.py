"""The same model written in other ways, to check the core and to measure it against."""
