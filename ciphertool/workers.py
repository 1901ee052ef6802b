"""Spreads work over processes, and RSA over threads; yields the results in order. Independent of what the work is.

Processes are spawned, not forked: a program that starts them may have threads (a progress bar is one), whose held locks
a fork would copy, and a spawned process gets none of the parent's memory, which may hold secrets. A worker receives its
data through an anonymous pipe and ends when the pipe closes, and so with the parent, however that ends. The modules
that start processes are imported on use, because the import takes longer than most runs.
"""

from __future__ import annotations

import gc
import os
import signal
import threading
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from ciphertool import core_dumps
from ciphertool.errors import CipherToolError, WorkerError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from multiprocessing.connection import Connection

_Worker = TypeVar("_Worker")
_Task = TypeVar("_Task")
_Result = TypeVar("_Result")
_MOST_AT_ONCE = 64
_Item = TypeVar("_Item")

_BATCH = 1 << 19
"""How many bytes are worked on between two progress reports, or sent to another process at a time."""
_SHARE = 4 << 20
"""The fewest bytes per process: with fewer, starting the process takes more time than it saves."""
_FAILED = None  # no result of work is None


def batches(items: Iterable[_Item], sizes: Iterable[int]) -> list[list[_Item]]:
    """Return the items, in order, in batches of about the same size."""
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
    """Does batches of work by methods of a worker: the given one or, with members, a copy of it in each process.

    State that a method leaves in a copy stays in that process; `again` sends later tasks to the same copy.
    """

    def __init__(self, worker: _Worker, members: Sequence[Connection[Any, Any]] = ()) -> None:
        self._worker = worker
        self._members = members
        self._had: dict[Connection[Any, Any], list[int]] = {}
        self._calls: list[tuple[Callable[[_Worker, Any], Any], Sequence[Any]]] = []

    def in_order(self, method: Callable[[_Worker, _Task], _Result], tasks: Sequence[_Task]) -> Iterator[_Result]:
        """Yield what the method returns for each task, in the tasks' order; the next free worker takes the next task.

        Raises `WorkerError` if a process dies.
        """
        self._calls = []
        waiting = iter(range(len(tasks)))
        return self._run(method, tasks, dict.fromkeys(self._members, waiting))

    def again(self, method: Callable[[_Worker, _Task], _Result], tasks: Sequence[_Task]) -> Iterator[_Result]:
        """Do as many tasks as before, each by the worker that did the task of the same number."""
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
        """Do all tasks of one number in this process: an error is raised here as it would be without processes."""
        result = None
        for method, tasks in self._calls:
            result = method(self._worker, tasks[number])
        return result


@contextmanager
def crew(worker: _Worker, processes: int, tasks: int, size: int) -> Iterator[Crew[_Worker]]:
    """Yield a crew for tasks on `size` bytes, with as many of the allowed processes as are worth starting, or none.

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
    """Keep Ctrl-C from processes started within: a terminal sends it to all, but the parent acts on it."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    from multiprocessing import resource_tracker

    resource_tracker.ensure_running()  # a process of multiprocessing itself, whose later start would unblock interrupts
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _serve(connection: Connection[Any, Any], worker: object) -> None:
    core_dumps.forbid()  # the process belongs to ciphertool alone
    gc.disable()
    try:
        while True:
            connection.send_bytes(_attempt(worker, *connection.recv()))
            gc.collect()
            gc.freeze()  # the remaining objects are permanent: later collections can skip them
    except (EOFError, OSError, KeyboardInterrupt):  # the parent has ended, or is about to
        return


def _attempt(worker: Any, method: Callable[[Any, Any], object], task: object) -> bytes:
    """Return a result in the form that `Connection.recv` reads."""
    import pickle

    try:
        return pickle.dumps(method(worker, task))
    except Exception:  # noqa: BLE001 - its text may hold a secret, and the process would print it
        return pickle.dumps(_FAILED)


Progress = Callable[[str, int, int], None]
"""Callback for long work: the name of the step, how much of it is done, how much there is."""


def no_progress(step: str, done: int, total: int) -> None:
    """Report nothing."""


def on_all_cores(
    step: str,
    work: Callable[[str, _Item], _Result],
    items: Mapping[str, _Item],
    progress: Progress,
    *,
    few: int | None = 2,
) -> Iterator[tuple[str, _Result | CipherToolError]]:
    """Yield the alias and the result, or error, of RSA work on each item, in order. RSA runs without the GIL.

    With fewer than `few` items no threads are started: they would take more time than they save. None means for any
    number of items.
    """
    if few is None or len(items) < few:
        for done, (alias, item) in enumerate(items.items(), 1):
            result = _result_or_error(work, alias, item)
            progress(step, done, len(items))
            yield alias, result
        return

    def guarded(batch: Sequence[tuple[str, _Item]]) -> list[_Result | CipherToolError]:
        return [_result_or_error(work, *item) for item in batch]

    every = list(items.items())
    # In batches, because handing an item to a thread may take longer than the work on it.
    size = max(1, min(_MOST_AT_ONCE, len(every) // (4 * (os.cpu_count() or 1))))
    batches = [every[start : start + size] for start in range(0, len(every), size)]
    done = 0
    for batch, results in zip(batches, _in_threads(guarded, batches), strict=True):
        for (alias, _), result in zip(batch, results, strict=True):
            done += 1
            progress(step, done, len(items))
            yield alias, result


def _in_threads(work: Callable[[_Task], _Result], tasks: Sequence[_Task]) -> Iterator[_Result]:
    """Yield what a function returns for each task, in order, by a thread a core.

    Not by `concurrent.futures`: it imports `logging`, whose lock a fork takes, and a thread amid that import needs.
    """
    waiting: Iterator[tuple[int, _Task]] = iter(enumerate(tasks))
    lock, done = threading.Lock(), SimpleQueue[tuple[int, Any, BaseException | None]]()

    def run() -> None:
        while True:
            with lock:
                number, task = next(waiting, (-1, None))
            if task is None:
                return
            try:
                done.put((number, work(task), None))
            except BaseException as error:  # noqa: BLE001 - raised where the results are taken
                done.put((number, None, error))

    threads: list[threading.Thread] = []
    ready: dict[int, tuple[Any, BaseException | None]] = {}
    try:
        for _ in range(min(os.cpu_count() or 1, len(tasks))):
            thread = threading.Thread(target=run, daemon=True)
            thread.start()  # raises `RuntimeError` while Python ends; those that have started are waited for
            threads.append(thread)
        for number in range(len(tasks)):
            while number not in ready:
                other, made, failed = done.get()
                ready[other] = made, failed
            result, error = ready.pop(number)
            if error is not None:
                raise error
            yield result
    finally:
        with lock:
            waiting = iter(())
        for thread in threads:
            thread.join()


def _result_or_error(work: Callable[[str, _Item], _Result], alias: str, item: _Item) -> _Result | CipherToolError:
    try:
        return work(alias, item)
    except CipherToolError as error:
        return error
