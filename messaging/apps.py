"""How a message leaves the building."""

from django.apps import AppConfig


class MessagingConfig(AppConfig):
    name = "messaging"
