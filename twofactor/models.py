"""Gathers the models of the methods."""

from twofactor.methods.totp.models import TOTPDevice

__all__ = ["TOTPDevice"]
