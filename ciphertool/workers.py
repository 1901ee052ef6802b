"""Spreads work over processes and gives its results in order. Knows nothing of what the work is.

Processes are spawned and not forked: a program that starts them may have threads (a progress bar is one), whose locks a
fork would copy as they are, and a spawned process gets none of the parent's memory, where secrets may be. What it is to
know goes through an anonymous pipe; it ends when that does, and so with the parent, however that ends. What starts them
is imported where that is done, for it takes longer than most runs need.
"""

from __future__ import annotations

import gc
import signal
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from ciphertool import core_dumps
from ciphertool.errors import WorkerError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from multiprocessing.connection import Connection

_Worker = TypeVar("_Worker")
_Task = TypeVar("_Task")
_Result = TypeVar("_Result")
_Item = TypeVar("_Item")

_BATCH = 1 << 19
"""How many bytes are worked on before they are told of, or in another process at a time."""
_SHARE = 4 << 20
"""How many bytes there must be for each process: with fewer it takes more time to start it than it saves."""
_FAILED = None  # no result of work is this


def batches(items: Iterable[_Item], sizes: Iterable[int]) -> list[list[_Item]]:
    """Return items in batches of about the same size, in their order."""
    made: list[list[_Item]] = []
    size = _BATCH
    for item, more in zip(items, sizes, strict=True):
        if size >= _BATCH:
            made.append([])
            size = 0
        made[-1].append(item)
        size += more
    return made


class Crew(Generic[_Worker]):
    """Does batches of work by methods of a worker: the one it is given or, with members, a copy of it in each process.

    What a method of a copy keeps for later stays in its process; `again` comes back to it.
    """

    def __init__(self, worker: _Worker, members: Sequence[Connection[Any, Any]] = ()) -> None:
        self._worker = worker
        self._members = members
        self._had: dict[Connection[Any, Any], list[int]] = {}
        self._calls: list[tuple[Callable[[_Worker, Any], Any], Sequence[Any]]] = []

    def in_order(self, method: Callable[[_Worker, _Task], _Result], tasks: Sequence[_Task]) -> Iterator[_Result]:
        """Yield what the method returns for each task, in the tasks' order; who is free does the next.

        Raises `WorkerError` where a process dies.
        """
        self._calls = []
        waiting = iter(range(len(tasks)))
        return self._run(method, tasks, dict.fromkeys(self._members, waiting))

    def again(self, method: Callable[[_Worker, _Task], _Result], tasks: Sequence[_Task]) -> Iterator[_Result]:
        """Do as many tasks as before, each by the worker that had the one of the same number before."""
        return self._run(method, tasks, {member: iter(numbers) for member, numbers in self._had.items()})

    def _run(
        self,
        method: Callable[[_Worker, _Task], _Result],
        tasks: Sequence[_Task],
        waiting: dict[Connection[Any, Any], Iterator[int]],
    ) -> Iterator[_Result]:
        self._calls.append((method, tasks))
        if not self._members:
            yield from (method(self._worker, task) for task in tasks)
            return
        from multiprocessing.connection import wait

        self._had = {member: [] for member in self._members}
        running: dict[Connection[Any, Any], int] = {}
        done: dict[int, _Result | None] = {}

        def give(member: Connection[Any, Any]) -> None:
            if (number := next(waiting[member], None)) is not None:
                _send(member, (method, tasks[number]))
                running[member] = number
                self._had[member].append(number)

        for member in self._members:
            give(member)
        for number in range(len(tasks)):
            while number not in done:
                ready = wait(list(running))
                for member in [member for member in running if member in ready]:
                    done[running.pop(member)] = _received(member)
                    give(member)
            result = done.pop(number)
            yield self._do_here(number) if result is _FAILED else result

    def _do_here(self, number: int) -> Any:
        """Do all that was asked for under a number: what fails elsewhere fails here as it does without processes."""
        result = None
        for method, tasks in self._calls:
            result = method(self._worker, tasks[number])
        return result


@contextmanager
def crew(worker: _Worker, processes: int, tasks: int, size: int) -> Iterator[Crew[_Worker]]:
    """Give a crew for tasks on so many bytes: with as many of the processes allowed as pay, or without where none does.

    The processes end with the context, whatever is raised in it.
    """
    count = min(processes, tasks, size // _SHARE)
    if count < 2:
        yield Crew(worker)
        return
    import multiprocessing

    context = multiprocessing.get_context("spawn")
    members, connections = [], []
    try:
        with _interrupts_held():
            for _ in range(count):
                ours, theirs = context.Pipe()
                process = context.Process(target=_serve, args=(theirs, worker), daemon=True)
                process.start()
                theirs.close()
                members.append(process)
                connections.append(ours)
        yield Crew(worker, connections)
    finally:
        for process in members:
            process.terminate()
        for process, connection in zip(members, connections, strict=True):
            process.join()
            connection.close()


def _send(connection: Connection[Any, Any], message: object) -> None:
    try:
        connection.send(message)
    except OSError:
        raise WorkerError from None


def _received(connection: Connection[Any, Any]) -> Any:
    try:
        return connection.recv()
    except (EOFError, OSError):
        raise WorkerError from None


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """What is started in here never sees Ctrl-C, which a terminal sends to all: it is for the parent to act on."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    from multiprocessing import resource_tracker

    resource_tracker.ensure_running()  # a process of multiprocessing's own, whose start would let interrupts pass again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _serve(connection: Connection[Any, Any], worker: object) -> None:
    core_dumps.forbid()  # the process is ours alone
    gc.disable()
    try:
        while True:
            connection.send_bytes(_attempt(worker, *connection.recv()))
            gc.collect()
            gc.freeze()  # what is left is there to stay, and need not be looked through again
    except (EOFError, OSError, KeyboardInterrupt):  # the parent has ended, or is about to
        return


def _attempt(worker: Any, method: Callable[[Any, Any], object], task: object) -> bytes:
    """Return a result as `Connection.recv` takes it."""
    import pickle

    try:
        return pickle.dumps(method(worker, task))
    except Exception:  # noqa: BLE001 - its text may hold a secret, and would be printed here
        return pickle.dumps(_FAILED)


Progress = Callable[[str, int, int], None]
"""Told of work that lasts: the step's name, how much of it is done, how much there is."""


def no_progress(step: str, done: int, total: int) -> None:
    """Tell nobody."""
