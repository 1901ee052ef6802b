"""What an audit looks at: which files, in which format, under which settings and targets."""
