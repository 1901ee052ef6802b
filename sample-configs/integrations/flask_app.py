"""Flask: the configuration resolved after it has been read. Needs ciphertool[flask]."""

from flask import Flask

from ciphertool.integrations.flask import resolve_config

app = Flask(__name__)
app.config["SECRET_KEY"] = "$secret{app.datasource.password}"  # noqa: S105 - a reference
resolve_config(app)

print("secret key:", "****" if app.config["SECRET_KEY"] else "none")
