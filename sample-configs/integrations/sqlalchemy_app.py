"""SQLAlchemy: an engine from a URL with a reference in it. Needs ciphertool[sqlalchemy]."""

from ciphertool.integrations.sqlalchemy import url

print(url("postgresql://app:$secret{app.datasource.password}@db/app"))
