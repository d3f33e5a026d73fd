"""What happened, and who must be told."""

from django.apps import AppConfig


class AuditConfig(AppConfig):
    name = "audit"
