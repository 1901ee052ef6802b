"""What an audit judges: sites, the repository, keys, exposure, names, the history."""
