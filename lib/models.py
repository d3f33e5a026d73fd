"""The limiter's counters: in the database, so that they survive a flushed Redis."""

from django.db import models


class Counter(models.Model):
    """Tries under one key. Only lib.limits touches it."""

    key = models.CharField(max_length=64, unique=True)  # a digest: the table does not tell who tried what
    taken = models.PositiveIntegerField(default=0)  # in the present window
    in_a_row = models.PositiveIntegerField(default=0)  # since the last right answer
    window_ends_at = models.DateTimeField()
    closed_until = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.key[:8]}: {self.taken}"
