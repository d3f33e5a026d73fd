"""A camera that films one picture: the browser plays it from a file."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from PIL import Image

if TYPE_CHECKING:
    from pathlib import Path

FRAME = (640, 480)
GROUND = (90, 110, 130)
TILTED = (-6, -3, 0, 3, 6)  # a hand is never still


def film(picture: bytes, file: Path) -> list[str]:
    """Write the film (Motion JPEG); returns the arguments of a browser whose camera it is."""
    shown = Image.open(io.BytesIO(picture)).convert("RGB").resize((340, 340))
    with file.open("wb") as frames:
        for angle in TILTED:
            tilted = shown.rotate(angle, expand=True, fillcolor=(255, 255, 255))
            frame = Image.new("RGB", FRAME, GROUND)
            frame.paste(tilted, ((FRAME[0] - tilted.width) // 2, (FRAME[1] - tilted.height) // 2))
            frame.save(frames, "JPEG", quality=85)
    return [
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-video-capture={file}",
    ]
