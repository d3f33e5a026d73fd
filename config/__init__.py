"""Puts the product together. Celery's app is loaded with it, so that every process pokes the same broker."""

from config.celery import app as celery_app

__all__ = ["celery_app"]
