"""One noun a file; no models but the limiter's."""

from django.apps import AppConfig


class LibConfig(AppConfig):
    name = "lib"
