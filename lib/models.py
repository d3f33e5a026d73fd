"""The limiter's counters, in the database so that they survive a flushed Redis; and the root of keyed digests."""

from __future__ import annotations

from django.db import models

from lib.sealed_field import SealedField


class Counter(models.Model):
    """Tries under one key. Only lib.limits touches it."""

    key = models.CharField(max_length=64, unique=True)  # a digest: the table does not tell who tried what
    taken = models.PositiveIntegerField(default=0)  # in the present window
    in_a_row = models.PositiveIntegerField(default=0)  # since the last right answer
    window_ends_at = models.DateTimeField()
    closed_until = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.key[:8]}: {self.taken}"


class DigestRoot(models.Model):
    """What all keyed digests are made with, sealed; one row. Only lib.crypto and lib.rotation touch it.

    Digests cannot be made anew: what they were made of is not stored. So their root outlives the key it came from.
    """

    name = models.CharField(max_length=16, unique=True)  # "root": the constraint keeps a second one out
    sealed_root = models.TextField()

    sealed_fields = (SealedField("sealed_root", purpose="digest_root", bound_to=lambda _row: "lib.digestroot|root"),)

    def __str__(self) -> str:
        return self.name
