"""dynaconf: a hook that resolves the settings. Needs ciphertool[dynaconf]."""

from dynaconf import Dynaconf

from ciphertool.integrations.dynaconf import resolve

settings = Dynaconf(settings_files=["conf/app.yaml"], post_hooks=[resolve])

print("database password:", "****" if settings.datasource.password else "none")
