"""Checks the links of a built site: whether they lead somewhere, and whether a browser would ask other origins."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

LOADED = {
    ("audio", "src"),
    ("embed", "src"),
    ("iframe", "src"),
    ("img", "src"),
    ("img", "srcset"),
    ("link", "href"),
    ("object", "data"),
    ("script", "src"),
    ("source", "src"),
    ("source", "srcset"),
    ("video", "src"),
}
"""Elements and attributes whose target a browser loads without being asked."""
NOT_LOADED = {"canonical", "next", "prev"}
"""Words in `rel` that only say something about the page."""
WHOLE_HOST = re.compile(r"([a-z0-9-]+\.)+[a-z]{2,}(:\d+)?|localhost(:\d+)?|127\.0\.0\.1(:\d+)?")


@dataclass
class Page:
    """What a page of HTML has and needs: `links` are followed by people, `loads` by browsers."""

    ids: set[str] = field(default_factory=set)
    links: list[str] = field(default_factory=list)
    loads: list[str] = field(default_factory=list)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.page = Page()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value for name, value in attrs if value is not None}
        self.page.ids |= {given[name] for name in ("id", "name") if name in given}
        if tag == "a" and "href" in given:
            self.page.links.append(given["href"])
        if tag == "link" and NOT_LOADED & {*given.get("rel", "").split()}:
            return
        for name, value in given.items():
            if (tag, name) in LOADED:
                parts = value.split(",") if name == "srcset" else [value]
                self.page.loads += [part.split()[0] for part in parts if part.strip()]


def read_page(html: str) -> Page:
    """Read what a page has and needs."""
    reader = _Reader()
    reader.feed(html)
    return reader.page


def loaded_by_css(css: str) -> list[str]:
    """What a style sheet has a browser load: `url(…)` and `@import`, without what is in the sheet itself."""
    targets = re.findall(r"url\(\s*[\"']?([^\"')]+)|@import\s+[\"']([^\"']+)", css)
    return [target for pair in targets for target in pair if target and not target.startswith(("data:", "#"))]


def check(site: Path, address: str) -> list[str]:
    """One line for each thing that is wrong with a site in a folder, which will be published at an address."""
    files = [file for file in sorted(site.rglob("*")) if file.is_file()]
    names = {file.relative_to(site).as_posix(): file for file in files}
    pages = {
        name: read_page(file.read_text(encoding="utf-8")) for name, file in names.items() if name.endswith(".html")
    }
    objections = []
    for name, page in pages.items():
        objections += [f"{name}: {problem}" for problem in _problems_of(name, page, pages, {*names}, address)]
    for name, file in names.items():
        if name.endswith(".css"):
            sheet = Page(loads=loaded_by_css(file.read_text(encoding="utf-8")))
            objections += [f"{name}: {problem}" for problem in _problems_of(name, sheet, pages, {*names}, address)]
    return objections


def _problems_of(name: str, page: Page, pages: Mapping[str, Page], names: set[str], address: str) -> Iterator[str]:
    for target in [*page.links, *page.loads]:
        url = urljoin(urljoin(address, name), target)
        if not url.startswith(address):
            if target in page.loads:
                yield f"a browser would ask another origin for {target}"
            elif problem := problem_of_external(url):
                yield f"{problem}: {target}"
            continue
        path, _, anchor = url.removeprefix(address).partition("#")
        file = unquote(path.partition("?")[0]) or "index.html"
        if file not in names:
            yield f"there is no {file}, for {target}"
        elif anchor and file in pages and unquote(anchor) not in pages[file].ids:
            yield f"there is no #{unquote(anchor)} in {file}"


def problem_of_external(url: str) -> str | None:
    """What is wrong with the form of a link to another site; nobody is asked whether it is there."""
    parts = urlsplit(url)
    if parts.scheme not in {"https", "mailto"}:
        return "not an https address"
    if parts.scheme == "https" and not WHOLE_HOST.fullmatch(parts.netloc):
        return "no whole host name"
    return "white space in an address" if re.search(r"\s", url) else None
