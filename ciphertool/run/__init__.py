"""Runs a command with secrets: its input (`environment`, `private`), and its execution (`child`).

This package opens no vault and prints nothing: a vault goes in, an exit status comes out. It raises
`UnsupportedSystemError` when it is imported on a system without terminals and locks as POSIX has them.
"""

from importlib.util import find_spec

from ciphertool.errors import UnsupportedSystemError

if not all(map(find_spec, ("fcntl", "pty", "termios", "tty"))):
    raise UnsupportedSystemError("run", hint="resolve in the program itself, by ciphertool.Vault, or use `resolve`")
