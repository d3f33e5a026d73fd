"""A module imports others by the names that change with their content."""

from __future__ import annotations

import json
import re
from pathlib import Path

from django.conf import settings

IMPORT = re.compile(r"""^(?:import|export)\b[^"'\n]*(?:\{[^}]*\}[^"'\n]*)?["'](?P<of>\.[^"']+)["']""", re.MULTILINE)
HASHED = re.compile(r"\.[0-9a-f]{12}\.js$")


def test_no_module_imports_another_by_a_name_that_stays() -> None:
    paths = json.loads((Path(settings.STATIC_ROOT) / "staticfiles.json").read_text(encoding="utf-8"))["paths"]
    modules = {name: (Path(settings.STATIC_ROOT) / hashed).read_text(encoding="utf-8") for name, hashed in paths.items()
               if name.endswith(".js")}  # fmt: skip

    imported = [(name, found["of"]) for name, text in modules.items() for found in IMPORT.finditer(text)]

    assert imported, "no module imports another: the expression above finds none"
    assert not [pair for pair in imported if not HASHED.search(pair[1])]
