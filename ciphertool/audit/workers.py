"""Spreads work over processes and gives its results in order. Knows nothing of what the work is.

Processes are spawned and not forked: a program that audits may have threads (a progress bar is one), whose locks a
fork would copy as they are, and a spawned process gets none of the parent's memory, where secrets may be. One that
reads from its pipe ends when the parent does, however that ends.
"""

from __future__ import annotations

import gc
import multiprocessing
import signal
from contextlib import contextmanager
from multiprocessing import resource_tracker
from multiprocessing.connection import wait
from typing import TYPE_CHECKING, Any, TypeVar

from ciphertool.errors import WorkerError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from multiprocessing.connection import Connection

_Task = TypeVar("_Task")
_Result = TypeVar("_Result")
_FAILED = None  # no result of work is this


def in_order(work: Callable[[_Task], _Result], tasks: Sequence[_Task], processes: int) -> Iterator[_Result]:
    """Yield what `work` returns for each task, in the tasks' order; raise `WorkerError` where a process dies.

    Work, tasks and results go through pipes. Closing the iterator, or any exception in it, ends the processes.
    """
    with _started(work, min(processes, len(tasks))) as idle:
        running: dict[Connection[Any, Any], int] = {}
        done: dict[int, _Result | None] = {}
        given = 0
        for number, task in enumerate(tasks):
            while number not in done:
                while idle and given < len(tasks):
                    _send(idle[-1], tasks[given])
                    running[idle.pop()] = given
                    given += 1
                ready = wait(list(running))
                for connection in [connection for connection in running if connection in ready]:
                    done[running.pop(connection)] = _received(connection)
                    idle.append(connection)
            result = done.pop(number)
            # What fails there fails here again, where its error can be shown as any other.
            yield work(task) if result is _FAILED else result


def _send(connection: Connection[Any, Any], task: object) -> None:
    try:
        connection.send(task)
    except OSError:
        raise WorkerError from None


def _received(connection: Connection[Any, Any]) -> Any:
    try:
        return connection.recv()
    except (EOFError, OSError):
        raise WorkerError from None


@contextmanager
def _started(work: Callable[..., object], count: int) -> Iterator[list[Connection[Any, Any]]]:
    """Start processes that do `work`; give a connection to each."""
    context = multiprocessing.get_context("spawn")
    processes, connections = [], []
    try:
        with _interrupts_held():
            for _ in range(count):
                ours, theirs = context.Pipe()
                process = context.Process(target=_serve, args=(theirs, work), daemon=True)
                process.start()
                theirs.close()
                processes.append(process)
                connections.append(ours)
        yield connections.copy()
    finally:
        for process in processes:
            process.terminate()
        for process, connection in zip(processes, connections, strict=True):
            process.join()
            connection.close()


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """What is started in here never sees Ctrl-C, which a terminal sends to all: it is for the parent to act on."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    resource_tracker.ensure_running()  # a process of multiprocessing's own, whose start would let interrupts pass again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _serve(connection: Connection[Any, Any], work: Callable[[Any], object]) -> None:
    gc.disable()  # the process is ours alone
    try:
        while True:
            connection.send(_attempt(work, connection.recv()))
            gc.collect()
            gc.freeze()  # what is left is there to stay, and need not be looked through again
    except (EOFError, OSError, KeyboardInterrupt):  # the parent has ended, or is about to
        return


def _attempt(work: Callable[[Any], object], task: Any) -> object:
    try:
        return work(task)
    except Exception:  # noqa: BLE001 - its text may hold a secret, and would be printed here
        return _FAILED
