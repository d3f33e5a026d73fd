"""Static files under names that change with their content, and modules that import each other by those names."""

from __future__ import annotations

from functools import cache

from whitenoise.storage import CompressedManifestStaticFilesStorage  # type: ignore[import-untyped]


class StaticFiles(CompressedManifestStaticFilesStorage):  # type: ignore[misc] # it has no types
    # Without it a browser would get the module of yesterday beside the page of today. Django sees only imports that
    # end with a semicolon: tests/lib/test_static_files.py finds those that do not.
    support_js_module_import_aggregation = True
    max_post_process_passes = 20  # a name changes with the names that the file imports, and so on

    @cache  # noqa: B019 - there is one of it, and its files do not change while it serves them
    def url(self, name: str | None, force: bool = False) -> str:  # noqa: FBT001, FBT002 - Django's signature
        url: str = super().url(name, force)
        return url
