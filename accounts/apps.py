"""Who you are: accounts, sign-in, passwords, sessions."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"
