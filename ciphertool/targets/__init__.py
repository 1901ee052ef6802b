"""From the targets of settings to sites in documents: globs, selectors, alias patterns, parts of values."""
