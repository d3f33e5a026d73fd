"""Who you are when nothing else is left. Its cases come with a later release; its place in the layers is kept."""

from django.apps import AppConfig


class IdentityCheckConfig(AppConfig):
    name = "identity_check"
