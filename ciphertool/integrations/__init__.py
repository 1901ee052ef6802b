"""ciphertool in other frameworks: one module each, which imports its framework and is imported by nothing here."""
