"""Ctrl-C held back where an answer to it in the middle would be lost or do harm."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def interrupts_held() -> Iterator[None]:
    """Hold Ctrl-C back while the body runs, and answer it after.

    For code that swallows whatever is raised in it, and for starting processes that shall leave
    Ctrl-C to their parent: they inherit that it is held back, and never hear of it. Outside the
    main thread nothing is done: Ctrl-C is not answered there.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came = []
    handler = signal.signal(signal.SIGINT, lambda *_: came.append(True))
    # Held for children. For this process it is not enough: another thread, such as one of a
    # library for linear algebra, may take the signal, and the main thread then answers it.
    masks = hasattr(signal, "pthread_sigmask")
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT}) if masks else None
    try:
        yield
    finally:
        if before is not None:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        signal.signal(signal.SIGINT, handler)
        if came:
            signal.raise_signal(signal.SIGINT)
