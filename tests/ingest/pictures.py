"""Pictures of text, as a scanner or a screenshot makes them."""

from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

FONT = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"


def picture(*lines: str, width: int = 900) -> Image.Image:
    """A white picture with a line of black print for each of `lines`."""
    image = Image.new("L", (width, 60 + 60 * len(lines)), "white")
    font = ImageFont.truetype(FONT, 32) if Path(FONT).is_file() else ImageFont.load_default(32)
    draw = ImageDraw.Draw(image)
    for number, line in enumerate(lines):
        draw.text((40, 30 + 60 * number), line, font=font, fill="black")
    return image
