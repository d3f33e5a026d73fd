"""Who you belong to: organizations and their members."""

from django.apps import AppConfig


class OrganizationsConfig(AppConfig):
    name = "organizations"
