"""How you prove it: second factors, challenges, devices."""

from django.apps import AppConfig


class TwoFactorConfig(AppConfig):
    name = "twofactor"
