"""A worker keeps the memory of its hashes, and nothing that was in it."""

from __future__ import annotations

import ctypes
import json
import subprocess
import sys

import pytest

MIB = 1024 * 1024
HASHES = f"""
import ctypes, json, resource
from argon2.low_level import Type, hash_secret
from lib.memory import keep_freed

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    hash_secret(b"a password", b"salt" * 4, 1, 100 * 1024, 1, 32, Type.ID)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

keep_freed(101 * {MIB})
kept = [faults() for _ in range(3)][-1]
malloc = ctypes.CDLL(None).malloc
malloc.restype, malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
found = ctypes.string_at(malloc(90 * {MIB}), 90 * {MIB})
print(json.dumps([kept, len(found) - found.count(0)]))
"""


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "mallopt"), reason="The C library has no mallopt")
def test_a_hash_uses_the_pages_of_the_last_one_which_are_empty() -> None:
    printed = subprocess.run([sys.executable, "-c", HASHES], check=True, capture_output=True).stdout

    kept, left_behind = json.loads(printed)
    assert kept < 1_000, "page faults; 100 MiB are 25,600 pages of 4 KiB"
    assert left_behind < 64, "libargon2 wipes what it frees; the allocator's own pointers are all there is"
