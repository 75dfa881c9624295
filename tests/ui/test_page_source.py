"""The page's source: what it must not contain, whatever it does. Needs no browser."""

import re
from pathlib import Path

import pytest

from blaxel_mcp import ui
from blaxel_mcp.ui import EXECUTION_PAGE, page

SOURCE = page(EXECUTION_PAGE)
MOST_BYTES = 60_000
NAMESPACES = {"http://www.w3.org/2000/svg"}
"""Addresses that are names: nothing is fetched from them."""
FORBIDDEN = {
    "markup from text": r"\b(innerHTML|outerHTML|insertAdjacentHTML|setHTML|createContextualFragment|DOMParser|srcdoc)",
    "writing into the document": r"\bdocument\s*\.\s*write",
    "code from text": r"\b(eval|Function|import)\s*\(|\bnew\s+Function\b|\bset(Timeout|Interval)\s*\(\s*[\"'`]",
    "an inline handler": r"<[^>]*\son[a-z]+\s*=|setAttribute\(\s*[\"'`]on|\[\s*[\"'`]on[a-z]+[\"'`]\s*\]",
    "a style attribute": r"<[^>]*\sstyle\s*=|setAttribute\(\s*[\"'`]style|[{,]\s*style\s*:",
    "a frame, a form or a plug-in": r"<(iframe|frame|form|object|embed|base)\b",
    "a script or a style from elsewhere": r"<script[^>]*\ssrc\s*=|<link\b|@import\b",
    "a request": r"\b(fetch|XMLHttpRequest|WebSocket|EventSource|sendBeacon|importScripts|RTCPeerConnection)\b",
    "storage": r"\b(localStorage|sessionStorage|indexedDB|document\s*\.\s*cookie)\b",
    "a javascript: address": r"javascript:",
}


def test_it_is_small() -> None:
    """At most 60 kB, without compression."""
    assert (Path(ui.__file__).parent / "execution.html").stat().st_size <= MOST_BYTES


@pytest.mark.parametrize("what", FORBIDDEN)
def test_it_does_not_contain(what: str) -> None:
    """Not one place, so that nobody has to judge whether this one is harmless."""
    assert re.findall(FORBIDDEN[what], SOURCE, re.IGNORECASE) == []


def test_it_names_no_origin() -> None:
    """There is no address but the namespaces of elements."""
    assert set(re.findall(r"(?:https?|wss?|ftp)://[^\s\"'`)<]*", SOURCE)) <= NAMESPACES


def test_it_has_one_style_and_one_script() -> None:
    """Whose hashes are the policy; nothing else could run."""
    assert len(re.findall(r"<style\b", SOURCE)) == 1
    assert len(re.findall(r"<script\b", SOURCE)) == 1
    (policy,) = re.findall(r'<meta http-equiv="Content-Security-Policy" content="([^"]*)">', SOURCE)
    directives = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    assert directives["default-src"] == "'none'"
    for name in ("script-src", "style-src"):
        assert re.fullmatch(r"'sha256-[\w+/]+=*'", directives[name])


def test_the_policy_comes_before_what_it_is_for() -> None:
    """A policy in the document holds only for what follows it."""
    assert SOURCE.index("Content-Security-Policy") < min(SOURCE.index("<style>"), SOURCE.index("<script>"))
