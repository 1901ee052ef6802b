"""The keystore formats, one module each; `registry` picks the reader by content."""
