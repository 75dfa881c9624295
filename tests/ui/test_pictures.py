"""The pictures of docs/images that show the page: made by a browser from the demo, of few bytes.

`pytest -n0 -m browser tests/ui/test_pictures.py --update-pictures` makes them anew; then look at them.
"""

import base64
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from views import STRICT, Hosts, running_hosts

from blaxel_mcp.demo import script

if TYPE_CHECKING:
    from playwright.sync_api import Page

IMAGES = Path(__file__).parents[2] / "docs" / "images"
PICTURES = {"view-light.png": "light", "view-dark.png": "dark"}
WIDTH, HIGHEST = 1000, 2000
MOST_BYTES = 300_000
SIGNATURE = b"\x89PNG\r\n\x1a\n"
SHOWN = {"jobId": "nightly-import", "executionId": script.IMPORT_FAILED}


@pytest.fixture(scope="module")
def hosts() -> Iterator[Hosts]:
    """Both hosts in front of a server."""
    with running_hosts() as running:
        yield running


def size(png: bytes) -> tuple[int, int]:
    """Width and height of a PNG, from its header."""
    assert png.startswith(SIGNATURE)
    width, height = struct.unpack(">II", png[16:24])
    return width, height


def of_few_colours(page: "Page", url: str, png: bytes) -> bytes:
    """The same picture with a palette of 256 colours, which takes half of the bytes."""
    page.goto(f"{url}/strict_host.html")
    reduced: dict[str, Any] = page.evaluate(
        "async (png) => (await import('/pictures.js')).reduce(png)", base64.b64encode(png).decode()
    )
    width, pixels = reduced["width"], bytes(reduced["indices"])
    # Each line of pixels begins with the number of its filter, of which 0 is none.
    lines = b"".join(b"\0" + pixels[at : at + width] for at in range(0, len(pixels), width))
    header = struct.pack(">IIBBBBB", width, reduced["height"], 8, 3, 0, 0, 0)  # 8 bits for a pixel, of a palette
    chunks = {b"IHDR": header, b"PLTE": bytes(reduced["palette"]), b"IDAT": zlib.compress(lines, 9), b"IEND": b""}
    return SIGNATURE + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks.items()
    )


def test_the_pictures_are_there_and_take_few_bytes() -> None:
    """All pictures together, the terminal's included: whoever clones or reads the documentation fetches them."""
    assert {file.name for file in IMAGES.iterdir()} >= set(PICTURES)
    assert sum(file.stat().st_size for file in IMAGES.iterdir()) <= MOST_BYTES


@pytest.mark.browser
@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_shows_the_page(hosts: Hosts, pytestconfig: pytest.Config, name: str) -> None:
    """As wide as that of today, and about as high; pixels are not compared, since fonts differ between machines."""
    with hosts.show(STRICT, "get_job_execution", SHOWN, width=WIDTH, theme=PICTURES[name]) as view:
        view.drawn()
        view.page.set_viewport_size({"width": WIDTH, "height": HIGHEST})
        view.page.evaluate("document.activeElement?.blur()")
        made = view.page.locator("iframe").screenshot()
    if pytestconfig.getoption("--update-pictures"):
        with hosts.shared.new_page() as page:
            (IMAGES / name).write_bytes(of_few_colours(page, hosts.url, made))
    width, height = size((IMAGES / name).read_bytes())
    assert width == size(made)[0]
    assert abs(height - size(made)[1]) <= height / 10
