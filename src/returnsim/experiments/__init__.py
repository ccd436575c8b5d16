"""Many runs: which cases, what is measured of them, where they are kept, how they are compared."""
