"""Runs a command with secrets: its input (`environment`, `private`), and its execution (`child`).

This package opens no vault and prints nothing: a vault goes in, an exit status comes out.
"""
