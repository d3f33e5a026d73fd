"""The top of the stack: it may import every app, none imports it."""

from django.apps import AppConfig


class ConfigConfig(AppConfig):
    name = "config"
