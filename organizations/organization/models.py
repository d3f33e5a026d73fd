"""A group of people who sign in here together."""

from django.db import models

from lib import clock


class Organization(models.Model):
    """A company or association."""

    name = models.CharField(max_length=150)
    slug = models.SlugField(unique=True)
    created_at = models.DateTimeField(default=clock.now)

    def __str__(self) -> str:
        return self.name
