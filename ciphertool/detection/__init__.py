"""Which values are secrets: by the place, by the value, by the name. Knows no settings and no repository."""
