"""Which command is running. It is for the log of a vault; nothing else depends on it."""

from contextvars import ContextVar

command: ContextVar[str] = ContextVar("command", default="library")
"""The command as a person types it, without its arguments; another program's calls are those of the library."""
