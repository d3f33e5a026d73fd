"""WhiteNoise as in production, but the folder of static files is read once a run."""

from __future__ import annotations

from typing import Any

from lib.static_files import StaticFilesMiddleware


class SharedWhiteNoise(StaticFilesMiddleware):
    """Every test client is a server of its own, and each would read hundreds of files at its first request."""

    found: dict[str, dict[str, Any]] = {}

    def add_files(self, root: Any, prefix: Any = None) -> None:
        if str(root) not in self.found:
            super().add_files(root, prefix)
            self.found[str(root)] = dict(self.files)
        self.files.update(self.found[str(root)])
