"""What .ci/docs.py makes of the pages of docs/, and how .ci/site_links.py finds what is wrong with a built site."""

import re
from pathlib import Path

import pytest
import site_links

import docs

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent
BLOB = "https://example.com/blob/v1"
ADDRESS = "https://example.com/site/"


@pytest.mark.parametrize(
    ("page", "target", "expected"),
    [
        ("README.md", "docs/answers.md#errors", "answers.md#errors"),
        ("README.md", "SECURITY.md", "security.md"),
        ("README.md", "docs/images/view-light.png", "images/view-light.png"),
        ("docs/view.md", "../SECURITY.md#secrets", "security.md#secrets"),
        ("docs/view.md", "answers.md", "answers.md"),
        ("docs/deploy.md", "../Dockerfile", f"{BLOB}/Dockerfile"),
        ("README.md", "benchmarks/README.md", f"{BLOB}/benchmarks/README.md"),
        ("docs/view.md", "#here", "#here"),
        ("docs/view.md", "https://example.org/a", "https://example.org/a"),
        ("docs/view.md", "mailto:a@example.org", "mailto:a@example.org"),
    ],
)
def test_links_are_as_the_site_needs_them(page: str, target: str, expected: str) -> None:
    """Between its pages relative, to the repository's other files absolute, and all others as they are."""
    assert docs.site_target(page, target, BLOB) == expected


def test_code_keeps_its_text() -> None:
    """What looks like a link in a block or in a line of code is none."""
    text = '[a](docs/b.md) `[c](docs/d.md)` <img src="docs/e.png">\n```sh\n[f](docs/g.md)\n```\n![h](docs/i.svg)\n'
    expected = '[a](b.md) `[c](docs/d.md)` <img src="e.png">\n```sh\n[f](docs/g.md)\n```\n![h](i.svg)\n'
    assert docs.for_site("README.md", text, BLOB) == expected


PAGES = [*docs.AT_TOP, "benchmarks/README.md", *(f"docs/{file.name}" for file in sorted((ROOT / "docs").glob("*.md")))]


@pytest.mark.parametrize("page", PAGES)
def test_every_file_that_a_page_links_to_is_there(page: str) -> None:
    """In the repository, which needs no site; anchors are looked at once it is built."""
    linked = docs.linked_files(page, (ROOT / page).read_text(encoding="utf-8"))
    assert [path for path in linked if not (ROOT / path).exists()] == []


def test_links_to_files_are_found() -> None:
    """By their paths in the repository; neither those elsewhere nor what is code."""
    text = '[a](../b.md#c) [d](#d) [e](https://f) `[g](h.md)`\n![i](images/j.png) <img src="k.svg">'
    assert docs.linked_files("docs/x.md", text) == ["b.md", "docs/images/j.png", "docs/k.svg"]


def test_every_page_is_in_the_navigation() -> None:
    """Once, and it has no others: each page of docs/, and those at the top of the repository."""
    config = (ROOT / ".ci" / "mkdocs.yml").read_text(encoding="utf-8")
    listed = re.findall(r": ([a-z_-]+\.md)$", config.partition("\nnav:")[2], re.MULTILINE)
    assert sorted(listed) == sorted([*docs.AT_TOP.values(), *(file.name for file in (ROOT / "docs").glob("*.md"))])


def test_the_generator_is_told_to_be_strict_and_to_load_nothing_from_elsewhere() -> None:
    """Its warnings are errors; no fonts of Google's, and no repository that the theme would ask GitHub about."""
    config = (ROOT / ".ci" / "mkdocs.yml").read_text(encoding="utf-8")
    assert {"strict: true", "  font: false", "  anchors: warn"} <= {
        line.partition(" #")[0] for line in config.splitlines()
    }
    assert "\nrepo_url" not in config


GOOD = """<html><head><link rel="canonical" href="https://example.com/site/index.html">
<link rel="stylesheet" href="a.css"><script src="b.js"></script></head>
<body><h1 id="top">x</h1><a href="#top">y</a><a href="sub/c.html#there">z</a>
<a href="https://example.org/page">out</a><img src="p.png" srcset="p.png 1x, p.png 2x"></body></html>"""


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A site of two pages without a fault."""
    (tmp_path / "sub").mkdir()
    (tmp_path / "index.html").write_text(GOOD, encoding="utf-8")
    (tmp_path / "sub" / "c.html").write_text('<p id="there"></p><a href="../index.html">up</a>', encoding="utf-8")
    (tmp_path / "a.css").write_text("a { background: url(p.png), url('data:image/png;base64,AA') }", encoding="utf-8")
    for name in ("b.js", "p.png"):
        (tmp_path / name).touch()
    return tmp_path


def test_a_site_without_a_fault_is_passed(site: Path) -> None:
    """Links between pages, to anchors, to pictures, and out; a canonical address is not loaded."""
    assert site_links.check(site, ADDRESS) == []


@pytest.mark.parametrize(
    ("found", "put", "objection"),
    [
        ("sub/c.html#there", "sub/d.html", "there is no sub/d.html, for sub/d.html"),
        ("#there", "#nowhere", "there is no #nowhere in sub/c.html"),
        ('"#top"', '"#bottom"', "there is no #bottom in index.html"),
        ('src="p.png"', 'src="q.png"', "there is no q.png, for q.png"),
        ("p.png 2x", "q.png 2x", "there is no q.png, for q.png"),
        ("b.js", "https://cdn.example.org/b.js", "a browser would ask another origin for https://cdn.example.org/b.js"),
        ("a.css", "//cdn.example.org/a.css", "a browser would ask another origin for //cdn.example.org/a.css"),
        ("https://example.org/page", "http://example.org/page", "not an https address: http://example.org/page"),
        ("https://example.org/page", "https://example/page", "no whole host name: https://example/page"),
        ("https://example.org/page", "https://example.org/a b", "white space in an address: https://example.org/a b"),
    ],
)
def test_each_fault_of_a_page_is_named(site: Path, found: str, put: str, objection: str) -> None:
    """By the page that has it."""
    (site / "index.html").write_text(GOOD.replace(found, put), encoding="utf-8")
    assert site_links.check(site, ADDRESS) == [f"index.html: {objection}"]


@pytest.mark.parametrize("sheet", ["@import 'https://fonts.example.org/f.css';", "a { b: url(https://example.org/c) }"])
def test_a_style_sheet_asks_nobody_else(site: Path, sheet: str) -> None:
    """Fonts are the usual case."""
    (site / "a.css").write_text(sheet, encoding="utf-8")
    (objection,) = site_links.check(site, ADDRESS)
    assert objection.startswith("a.css: a browser would ask another origin for https://")
