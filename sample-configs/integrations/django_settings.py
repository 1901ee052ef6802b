"""Django: the end of a settings.py. Needs ciphertool[django]."""

from ciphertool.integrations.django import resolve_settings

SECRET_KEY = "$secret{app.smtp.password}"  # noqa: S105 - a reference; give the key an alias of its own
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": ":memory:",
        "USER": "app",
        "PASSWORD": "$secret{app.datasource.password}",
    }
}

resolve_settings(globals())

if __name__ == "__main__":
    print("database password:", "****" if DATABASES["default"]["PASSWORD"] else "none")
