"""Rules of the house that no linter knows."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from statistics import median

import pytest
from django.conf import settings
from django.template.loader import get_template

SENTENCE = re.compile(r"{% blocktranslate.*?%}(.*?){% endblocktranslate %}", re.DOTALL)
ROOT = Path(settings.BASE_DIR)
APPS = ("accounts", "audit", "config", "identity_check", "lib", "messaging", "organizations", "twofactor")
SOURCES = sorted(
    file.relative_to(ROOT) for app in APPS for file in (ROOT / app).rglob("*.py") if "migrations" not in file.parts
)
NAMES_THAT_SAY_NOTHING = {"utils", "helpers", "common", "managers", "services", "base", "core", "misc", "tools"}
# Only these may delete rows of twofactor: a factor disappears through the one action that checks, tells and records.
MAY_DELETE_FACTORS = {
    Path("twofactor/devices/sealing.py"),  # what was removed a week ago
    Path("twofactor/methods/webauthn/challenges.py"),  # questions that are over
    Path("twofactor/housekeeping.py"),  # old links, no factor
    Path("twofactor/methods/push/housekeeping.py"),  # old requests
}


def tree_of(file: Path) -> ast.Module:
    return ast.parse((ROOT / file).read_text(encoding="utf-8"))


def imported_by(file: Path) -> set[str]:
    """Dotted names of the modules that a file imports."""
    found = set()
    for node in ast.walk(tree_of(file)):
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return found


@pytest.mark.parametrize("app", APPS)
@pytest.mark.parametrize("gathered", ["models", "tasks"])
def test_the_app_gathers_every_feature(app: str, gathered: str) -> None:
    features = {
        ".".join(file.with_suffix("").parts)
        for file in SOURCES
        if file.parts[0] == app and file.stem == gathered and len(file.parts) > 2
    }
    gatherer = Path(app, f"{gathered}.py")

    forgotten = features - (imported_by(gatherer) if gatherer in SOURCES else set())

    assert not forgotten, f"{gatherer} does not import {sorted(forgotten)}: Django and Celery do not see them"


def test_a_module_is_named_for_what_it_holds() -> None:
    empty_names = [str(file) for file in SOURCES if NAMES_THAT_SAY_NOTHING & {*file.parts, file.stem}]

    assert not empty_names


def test_files_stay_small() -> None:
    lengths = {str(file): len((ROOT / file).read_text(encoding="utf-8").splitlines()) for file in SOURCES}

    assert not {file: lines for file, lines in lengths.items() if lines > 300}
    assert median(lines for lines in lengths.values() if lines) <= 100


@pytest.mark.parametrize("file", sorted(ROOT.glob("templates/**/*.*")), ids=lambda file: file.name)
def test_every_template_compiles(file: Path) -> None:
    get_template(str(file.relative_to(ROOT / "templates")))


def test_translated_sentences_name_values_without_filters() -> None:
    """The tag would look for a variable of that whole name, and leave a hole in the sentence."""
    sentences = {
        f"{file.relative_to(ROOT)}: {sentence}"
        for file in sorted(ROOT.glob("templates/**/*.*"))
        for sentence in SENTENCE.findall(file.read_text("utf-8"))
    }

    assert len(sentences) > 100
    assert not {sentence for sentence in sentences if re.search(r"{{[^}]*[|(][^}]*}}", sentence)}


def test_only_one_action_removes_second_factors_and_puts_them_back() -> None:
    seals = Path("twofactor/devices/sealing.py")
    marks = {"removed_by", "returns_by"}
    marking = {
        file
        for file in SOURCES
        for node in ast.walk(tree_of(file))
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") in {"update", "create", "bulk_update"}
        if marks & {keyword.arg for keyword in node.keywords}
    }
    calling = {file for file in SOURCES if "twofactor.devices.sealing" in imported_by(file)}

    assert marking == {seals}
    assert calling == {Path("twofactor/devices/actions.py"), Path("twofactor/housekeeping.py")}


def test_only_one_action_deletes_second_factors() -> None:
    deleting = {
        file
        for file in SOURCES
        if file.parts[0] == "twofactor"
        and any(isinstance(node, ast.Attribute) and node.attr == "delete" for node in ast.walk(tree_of(file)))
    }

    assert deleting <= MAY_DELETE_FACTORS


def test_views_neither_write_nor_send() -> None:
    """A view parses, asks one action and answers (no transaction, no task, no ORM write)."""
    forbidden = {"atomic", "delay", "apply_async", "bulk_create", "bulk_update", "on_commit"}
    found = {
        f"{file}:{node.lineno} {node.attr}"
        for file in SOURCES
        if file.name == "views.py"
        for node in ast.walk(tree_of(file))
        if isinstance(node, ast.Attribute) and node.attr in forbidden
    }

    assert not found


def test_every_setting_is_documented_and_every_documented_setting_exists() -> None:
    read = {
        node.args[0].value
        for file in SOURCES
        if file.parts[0] == "config"
        for node in ast.walk(tree_of(file))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id.startswith("env_")
        and isinstance(node.args[0], ast.Constant)
    }
    table = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")

    documented = set(re.findall(r"^\| `([A-Z0-9_]+)`", table, re.MULTILINE))

    assert documented == read


@pytest.mark.parametrize("file", sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]), ids=lambda file: file.name)
def test_links_between_documents_lead_somewhere(file: Path) -> None:
    targets = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", file.read_text(encoding="utf-8"))

    assert [target for target in targets if "://" not in target and not (file.parent / target).exists()] == []


def test_the_readme_shows_every_picture_that_is_kept_and_no_other() -> None:
    shown = re.findall(r"docs/pictures/([\w-]+\.png)", (ROOT / "README.md").read_text(encoding="utf-8"))

    assert sorted(shown) == sorted(file.name for file in ROOT.glob("docs/pictures/*"))
