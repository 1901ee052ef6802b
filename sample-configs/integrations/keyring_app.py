"""keyring: the vault as a backend; SERVICE/USER is the alias. Needs ciphertool[keyring]."""

import keyring

from ciphertool.integrations.keyring import VaultKeyring

keyring.set_keyring(VaultKeyring())

print("not in the vault:", keyring.get_password("smtp", "nobody"))
