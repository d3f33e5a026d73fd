"""A QR code as a small SVG: one path, no style, so that it passes a strict CSP."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

import qrcode
from django.utils.html import format_html

if TYPE_CHECKING:
    from django.utils.safestring import SafeString

QUIET_ZONE = 4  # modules around the code (ISO/IEC 18004 §5.3.8)
# Trying all eight masks and scoring each is two thirds of the time; any mask is a correct QR code.
MASK = 3


def svg(text: str, *, label: str) -> SafeString:
    """The text as a QR code; label names it for screen readers. A screen has no stains: correction L is enough."""
    code = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_L, border=0, mask_pattern=MASK)
    code.add_data(text)
    code.make(fit=True)
    size = code.modules_count + 2 * QUIET_ZONE
    return format_html(
        '<svg class="qr" viewBox="0 0 {0} {0}" role="img" aria-label="{1}" shape-rendering="crispEdges">'
        '<path fill="#fff" d="M0 0h{0}v{0}H0z"/><path stroke="#000" transform="translate({2} {2}.5)" d="{3}"/></svg>',
        size,
        label,
        QUIET_ZONE,
        path(code.modules),
    )


def path(modules: list[list[bool | None]]) -> str:
    """Every run of dark modules as a stroke of width 1 along the middle of its row; light ones are jumped over."""
    drawn = []
    for y, row in enumerate(modules):
        runs = [(dark, len(list(run))) for dark, run in groupby(row, key=bool)]
        margin = 0 if runs[0][0] else runs.pop(0)[1]
        if not runs[-1][0]:
            runs.pop()
        strokes = "".join(f"h{length}" if dark else f"m{length} 0" for dark, length in runs)
        drawn.append(f"M{margin} {y}{strokes}")
    return "".join(drawn)
