"""Fitting: what the record says of numbers that nobody knows."""
