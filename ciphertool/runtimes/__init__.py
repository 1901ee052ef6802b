"""The products that read the files at start-up: which files, in which syntax, and what they need beside them."""
