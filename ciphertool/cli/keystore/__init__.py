"""`ciphertool keystore …`: list, check, make and change keystores and truststores."""
