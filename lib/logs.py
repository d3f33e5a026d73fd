"""Logs: one JSON object a line, so that nothing a visitor sends can forge a second line."""

import logging
import re
from datetime import datetime
from typing import Any

from pythonjsonlogger.json import JsonFormatter

from lib import request_id

LONGEST_VALUE = 512
LONGEST_TOKEN = 18 + 1 + 64  # what lib.links makes
# Bounded on the left: else each digit of a long number would be looked at once for every digit before it.
LINK_TOKEN = re.compile(r"([0-9]{1,18})-[0-9a-f]{64}")
TRACEBACKS = {"exc_info", "stack_info"}  # ours, and bounded on their own


class JSONFormatter(JsonFormatter):
    """Time, level, logger, message, the request and the extra fields, each cut to a bounded length."""

    def __init__(self) -> None:
        super().__init__(
            "%(levelname)s %(name)s %(message)s",
            timestamp="time",
            rename_fields={"levelname": "level", "name": "logger"},
        )

    def process_log_record(self, log_data: dict[str, Any]) -> dict[str, Any]:
        # Django logs some answers after the request is over, with the request itself.
        which = getattr(log_data.get("request"), "request_id", "") or request_id.present.get()
        fields = {name: value for name, value in super().process_log_record(log_data).items() if _is_plain(value)}
        fields |= {"request_id": which} if which else {}
        return {name: _without_tokens(value) if name in TRACEBACKS else _cut(value) for name, value in fields.items()}

    def formatException(self, ei: Any) -> str:  # noqa: N802 - logging's name
        return str(super().formatException(ei))[-8000:]


def _is_plain(value: Any) -> bool:
    """Leave out objects such as the request that django.request attaches: they would be printed with their data."""
    return isinstance(value, str | int | float | bool | list | dict | datetime | None)


def _cut(value: Any) -> Any:
    """Cut before the pattern sees it, as whoever wrote it chose its length; and so that no token is cut in two."""
    return _without_tokens(value[: LONGEST_VALUE + LONGEST_TOKEN])[:LONGEST_VALUE] if isinstance(value, str) else value


def _without_tokens(text: str) -> str:
    """Leave out the tokens of links (lib.links): whoever reads logs must not be able to use one."""
    return LINK_TOKEN.sub(r"\1-…", text)


log = logging.getLogger("sallyport")
