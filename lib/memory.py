"""Freed memory that a process keeps, because it will need it again."""

from __future__ import annotations

import ctypes

# <malloc.h>
M_TRIM_THRESHOLD = -1
M_MMAP_THRESHOLD = -3


def keep_freed(most_bytes: int) -> None:
    """Keep blocks of up to so many bytes when they are freed, instead of giving their pages back to the system.

    glibc does so by itself with blocks of up to 32 MiB. A larger one is fetched each time, page by page, cleared by the
    kernel: a fifth of the CPU of an Argon2id hash with 100 MiB. Only the main thread has the use of it; where the C
    library cannot do it, nothing changes. libargon2 wipes its memory before it frees it, so no secret is kept.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):  # musl, macOS
        return
    mallopt(M_MMAP_THRESHOLD, most_bytes)
    mallopt(M_TRIM_THRESHOLD, 2 * most_bytes)
