"""python-dotenv: a .env file, resolved. Needs ciphertool[dotenv]."""

import os
from pathlib import Path

from ciphertool.integrations.dotenv import load_dotenv

load_dotenv(Path(__file__).with_name("app.env"))

print("database url:", os.environ["DATABASE_URL"].partition(":")[0], "and so on")
