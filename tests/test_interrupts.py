"""Ctrl-C held back: nothing of it is lost, and the body is not broken off."""

import os
import signal
import subprocess
import sys
import threading

import pytest

from returnsim.interrupts import interrupts_held


@pytest.fixture(autouse=True)
def answered():
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_the_body_ends_before_ctrl_c_is_answered() -> None:
    ended = []

    def body() -> None:
        with interrupts_held():
            signal.raise_signal(signal.SIGINT)
            ended.append(sum(range(1000)))

    with pytest.raises(KeyboardInterrupt):
        body()
    assert ended


def test_a_signal_that_another_thread_takes_is_held_too() -> None:
    over = threading.Event()
    other = threading.Thread(target=over.wait)
    other.start()
    ended = []

    def body() -> None:
        with interrupts_held():
            os.kill(os.getpid(), signal.SIGINT)
            ended.append(sum(range(100_000)))

    try:
        with pytest.raises(KeyboardInterrupt):
            body()
    finally:
        over.set()
        other.join()
    assert ended


def test_without_a_signal_all_is_as_before() -> None:
    with interrupts_held():
        pass
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, set())


def test_what_the_body_raises_is_raised() -> None:
    with pytest.raises(ValueError, match="broken"), interrupts_held():
        raise ValueError("broken")
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_process_started_meanwhile_does_not_hear_of_ctrl_c() -> None:
    code = "import signal; print(signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, set()))"
    with interrupts_held():
        told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert told.stdout.strip() == "True"


def test_in_another_thread_nothing_is_held() -> None:
    ran = []

    def body() -> None:
        with interrupts_held():
            ran.append(True)

    other = threading.Thread(target=body)
    other.start()
    other.join()
    assert ran


SOBOL = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from returnsim.experiments.design import Levels, sample

def press(event, arguments):
    if event == "open" and "sobol_direction_numbers" in str(arguments[0]):
        signal.raise_signal(signal.SIGINT)

sys.addaudithook(press)
sample([Levels("a", 1.0, 2.0, False, 2)], "sobol", 4, seed=1)
"""


def test_ctrl_c_while_the_numbers_of_sobols_sequence_are_read_is_answered() -> None:
    told = subprocess.run([sys.executable, "-c", SOBOL], capture_output=True, text=True)
    assert told.returncode != 0
    assert "KeyboardInterrupt" in told.stderr.splitlines()[-1]
    assert "Exception ignored" not in told.stderr
