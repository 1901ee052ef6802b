"""Which values are secrets: by place, by value, by name. Independent of settings and repositories."""
