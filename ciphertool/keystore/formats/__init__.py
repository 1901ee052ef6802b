"""The keystore formats, one module each; `registry` selects the reader by content."""
