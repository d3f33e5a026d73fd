"""The real hasher, counting how often it works: a setting can put it in the product's place."""

from typing import ClassVar

from accounts.password.hashers import Argon2idHasher


class CountingHasher(Argon2idHasher):
    """Hashes as ever and counts."""

    hashes: ClassVar[int] = 0

    def encode(self, password: str, salt: str) -> str:
        CountingHasher.hashes += 1
        return super().encode(password, salt)

    def verify(self, password: str, encoded: str) -> bool:
        CountingHasher.hashes += 1
        return super().verify(password, encoded)
