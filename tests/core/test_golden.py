"""The model's version is raised when, and only when, the same input gives other numbers."""

from hashlib import sha256

from returnsim.assemble import simulate
from returnsim.core.run import MODEL_VERSION
from tests.agents.camp import camp

GOLDEN = {
    1: "82b6d3c4e75a81141dab8b06c4722fab50ff6482b5de1ea8cfe7d4fa41e43b78",
    2: "2f43c24c345cb0547e2bafb59521c6bce6adffdbac91d7e3c0627a90570abf51",
    3: "bf01cb7359a45e675aa2720009f7b1b4f301fdb0c1ad42b12132886777367c41",
}
"""Digests by version of the model. A new digest is a new version: stores of cells rely on it."""


CHANGING = [{"from": "2021-01-04", "level": 1.5}, {"from": "2021-04-05", "level": 0.2}]


def digest_of_a_trajectory() -> str:
    """Of all columns; floats to six digits, so that processors agree."""
    found = sha256()
    for levers in ({}, {"levers__news__reach": 0.5, "levers__threat": CHANGING}):
        run = simulate(camp(weeks=70, levers__siege__severity=0.8, **levers), 4, 11)
        for name, values in run.columns.items():
            found.update(name.encode())
            found.update(" ".join(f"{value:.6g}" for value in values.ravel()).encode())
    return found.hexdigest()


def test_the_model_gives_the_numbers_of_its_version():
    assert digest_of_a_trajectory() == GOLDEN[MODEL_VERSION], (
        "the same scenario and seed give other numbers: raise MODEL_VERSION and add the new digest"
    )


def test_no_two_versions_of_the_model_give_the_same_numbers():
    assert len(set(GOLDEN.values())) == len(GOLDEN)
    assert max(GOLDEN) == MODEL_VERSION
