"""Running a command with secrets: what it is given (`environment`, `private`), and how it is run (`child`).

Nothing here opens a vault or prints: a vault comes in, an exit status goes out.
"""
