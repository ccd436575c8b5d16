"""The same week in one compiled loop a household: the rules are shared, only the loop is its own.

Importing anything from here needs numba, the extra ``fast``.
"""
