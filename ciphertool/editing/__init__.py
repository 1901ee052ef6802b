"""Edits what a vault keeps, with the secrets in clear: a configuration file, or the vault's own list of secrets.

`edit` takes any function as the editor, so that a program or a test needs no terminal; `session` has a person's.
"""

from ciphertool.editing.files import FileEdit, FileWork
from ciphertool.editing.keys import Keys
from ciphertool.editing.secrets import SecretsEdit, SecretsWork
from ciphertool.editing.workflow import edit

__all__ = ["FileEdit", "FileWork", "Keys", "SecretsEdit", "SecretsWork", "edit"]
