"""The product's own settings in the tests' environment, and the few things that only tests need."""

from tests.bed import environment  # isort: skip - it sets what the next line reads

from config.settings import *  # noqa: F403 - every setting, under its own name
from config.settings import DATABASES, INSTALLED_APPS, MIDDLEWARE

# On SQLite a file, because threads and server processes must see the same rows.
is_sqlite = DATABASES["default"]["ENGINE"].endswith("sqlite3")
DATABASES["default"]["TEST"] = {"NAME": str(environment.FOLDER / "test.sqlite3") if is_sqlite else "test_sallyport"}
# A server in a thread answers each request in a thread of its own: a kept connection would outlive its test.
DATABASES["default"]["CONN_MAX_AGE"] = 0
MIDDLEWARE = [
    name.replace("lib.static_files.StaticFilesMiddleware", "tests.bed.static.SharedWhiteNoise") for name in MIDDLEWARE
]
INSTALLED_APPS = [*INSTALLED_APPS, "tests.bed.flush"]
