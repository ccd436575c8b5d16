"""The simulated camp: NumPy only, no files, no schema, no plots."""
