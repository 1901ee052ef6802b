"""From what settings name to sites in documents: globs, selectors, alias patterns, parts of values."""
