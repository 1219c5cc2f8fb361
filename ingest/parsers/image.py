"""Images: each picture is a page that has no text yet, and is drawn so that text can be recognised on it and shown."""

import io
import struct
from pathlib import Path

from PIL import Image, ImageOps, ImageSequence, UnidentifiedImageError

from ingest.errors import FileRejected
from ingest.parsed import ParsedDocument, ParsedPage

MAX_PIXELS = 50_000_000
MAX_PAGES = 5_000
_MAX_DRAWN_PIXELS = 25_000_000
# A picture is shown at 96 dots an inch, but no larger than a page.
_POINTS_PER_PIXEL = 0.75
_LONGEST_SIDE = 842.0
_FORMATS = ("PNG", "JPEG", "TIFF", "WEBP", "BMP", "GIF")
_ONE_PICTURE = frozenset(("GIF", "WEBP", "PNG"))  # several of these are frames of an animation
_DAMAGED = (UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError, KeyError, struct.error)

Image.MAX_IMAGE_PIXELS = None  # the limit is checked here, on every picture of a file


def parse_image(path: Path) -> ParsedDocument:
    """A page for each picture, without text. Raises FileRejected: malformed, too_large."""
    try:
        with Image.open(path, formats=_FORMATS) as image:
            n_pictures = 1 if image.format in _ONE_PICTURE else int(getattr(image, "n_frames", 1))
            if n_pictures > MAX_PAGES:
                raise FileRejected("too_large", f"{n_pictures:,} pictures are more than {MAX_PAGES:,}; split the file.")
            sizes = [_points(frame) for frame, _ in zip(ImageSequence.Iterator(image), range(n_pictures), strict=False)]
            media_type = Image.MIME[str(image.format)]
    except _DAMAGED as error:
        raise _malformed(error) from error
    pages = tuple(
        ParsedPage(number, "\n", width=width, height=height) for number, (width, height) in enumerate(sizes, start=1)
    )
    return ParsedDocument(media_type, None, pages)


def draw_image(path: Path, number: int, scale: float) -> bytes:
    """A picture (from 1) as PNG, `scale` pixels per point, at most 25 million. Raises FileRejected."""
    try:
        with Image.open(path, formats=_FORMATS) as image:
            image.seek(number - 1)
            width, height = _points(image)
            drawn = _upright(image)
        scale = min(scale, (_MAX_DRAWN_PIXELS / max(width * height, 1.0)) ** 0.5)
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        output = io.BytesIO()
        drawn.resize(size, Image.Resampling.LANCZOS).save(output, format="PNG", compress_level=1)
        return output.getvalue()
    except _DAMAGED as error:
        raise _malformed(error) from error


def _points(image: Image.Image) -> tuple[float, float]:
    """Width and height of a picture as it is shown, in points. Raises FileRejected: too_large."""
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise FileRejected(
            "too_large",
            f"a picture of {width} × {height} pixels is larger than {MAX_PIXELS / 1e6:.0f} million; make it smaller.",
        )
    if image.getexif().get(0x0112, 1) in (5, 6, 7, 8):  # turned by a quarter
        width, height = height, width
    scale = min(_POINTS_PER_PIXEL, _LONGEST_SIDE / max(width, height, 1))
    return width * scale, height * scale


def _upright(image: Image.Image) -> Image.Image:
    """The picture as people hold it, in colour or grey, without transparency."""
    image.load()
    if image.mode.startswith("I"):  # 16 bits
        image = image.convert("I").point(lambda value: value / 256).convert("L")
    turned = ImageOps.exif_transpose(image)
    if turned.mode in ("L", "RGB"):
        return turned
    if turned.mode == "1":
        return turned.convert("L")
    layered = turned.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", layered.size, "white"), layered).convert("RGB")


def _malformed(error: Exception) -> FileRejected:
    return FileRejected("malformed", f"the image is damaged ({type(error).__name__}); open it and save it anew.")
