"""One function over a stream of items, spread over processes, with little in memory at a time."""

import contextlib
import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any, TypeVar

from keras_rnn_kit.errors import KitError

Item = TypeVar("Item")
Result = TypeVar("Result")

WAITING = 2  # items for each process that wait or are worked on

_function: Callable[[Any], Any] | None = None  # of a worker, set when it starts


def ordered_map(
    function: Callable[[Item], Result], items: Iterable[Item], workers: int
) -> Iterator[tuple[Item, Result]]:
    """Each item with `function(item)`, in order, computed by `workers` processes.

    The function is sent to each process once. Only a few items a process are taken ahead. With
    one worker everything happens here. The processes are fresh ones ("spawn"), so a script that
    calls this needs its `if __name__ == "__main__":`. They end with this one, however it ends.

    Args:
        function: can be pickled, as can items and results.
        items: any iterable, read as the work goes on.
        workers: 1 or more.

    Raises:
        KitError: where a process ends before its work does. What `function` raises passes through.

    Example:
        >>> list(ordered_map(len, ["to", "be", "or not"], workers=1))
        [('to', 2), ('be', 2), ('or not', 6)]
    """
    if workers == 1:
        for item in items:
            yield item, function(item)
        return
    pool = ProcessPoolExecutor(
        workers,
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_start,
        initargs=(function,),
    )
    waiting: deque[tuple[Item, Future[Result]]] = deque()
    try:
        for item in items:
            with _without_interrupts():  # it may start a process
                waiting.append((item, pool.submit(_call, item)))
            if len(waiting) > WAITING * workers:
                yield _first(waiting)
        while waiting:
            yield _first(waiting)
    except BrokenProcessPool:
        raise KitError(
            f"{workers} worker processes must be able to start and to finish; received one that "
            "ended early. Pass fewer workers if memory is short, and in a script of your own call "
            'this below `if __name__ == "__main__":`.'
        ) from None
    finally:
        pool.shutdown(cancel_futures=True)


def _first(waiting: deque[tuple[Item, "Future[Result]"]]) -> tuple[Item, Result]:
    item, future = waiting.popleft()
    return item, future.result()


@contextlib.contextmanager
def _without_interrupts() -> Iterator[None]:
    """Holds Ctrl-C back; a process that is started meanwhile never hears of it."""
    if not hasattr(signal, "pthread_sigmask"):  # on Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _start(function: Callable[[Any], Any]) -> None:
    """Prepares a worker: Ctrl-C is the parent's to handle, and nobody outlives the parent."""
    global _function
    _function = function
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _call(item: Any) -> Any:
    assert _function is not None
    return _function(item)
