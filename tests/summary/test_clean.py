"""What becomes of untrusted text before it is shown."""

import pytest

from blaxel_mcp.summary.clean import clean, clean_counting, in_quotes, is_blank
from blaxel_mcp.summary.truncate import truncate_middle


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("  two \t\r\n lines\u2028and\u00a0more  ", "two lines and more"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x9b31mred", "red"),
        ("\x1b]0;title\x07shown", "shown"),
        ("\x1b]8;;https://evil.example\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1bP1;2q\x1b\\shown", "shown"),
        ("a\u202eb\u2066c\u2069", "abc"),
        ("a\u200bb\u200dc\ufeff\u00add", "abcd"),
        ("a\U000e0041\U000e0042\U000e007fb", "ab"),
        ("a\ufe0fb\U000e0100c\u180b", "abc"),
        ("a\u3164b\u2800c", "abc"),
        ("a\x00b\x07c\x7f\x85", "abc"),
        ("a\ud800b\ue000c\U0010ffffd", "abcd"),
        ("naïve 日本語 🚀", "naïve 日本語 🚀"),
        ("", ""),
        ("\u200b \x1b[0m", ""),
    ],
)
def test_text_comes_out_as_one_visible_line(text: str, expected: str) -> None:
    """Escapes, controls, bidi, invisible and private characters are removed; white space is folded; the rest stays."""
    assert clean(text, 200) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Authorization: Bearer abcdef123456", "Authorization: Bearer ***"),
        ("sent bearer abcdef123456 to x", "sent bearer *** to x"),
        ("DB_PASSWORD=hunter2hunter2 failed", "DB_PASSWORD=*** failed"),
        ('{"api_key": "abcdef123456"}', '{"api_key": "***"}'),
        ("postgres://user:pw@db.example/x", "postgres://***@db.example/x"),
        ("ghp_abcdefghijklmnopqrstuvwxyz012345", "***"),
        ("key AKIAABCDEFGHIJKLMNOP used", "key *** used"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl", "***"),
        ("token=\x1b[1mabcdef123456", "token=***"),
        ("the secret db-password was not found", "the secret db-password was not found"),
        ("password=***", "password=***"),
    ],
)
def test_what_looks_like_a_credential_is_masked(text: str, expected: str) -> None:
    """A credential is masked even where an escape was put in the middle of it."""
    assert clean(text, 200) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("![x](https://evil.example/?q=1)", "![x] (https://evil.example/?q=1)"),
        ("[a]\u200b(//x) [b]\n(//y)", "[a] (//x) [b] (//y)"),
        ('<img src="//x"></a><!-- <?xml', '< img src="//x">< /a>< !-- < ?xml'),
        ("<\u00adscript>", "< script>"),
        ("<https://x.example|y>", "< https://x.example|y>"),
        ("in <module>, expected <int>", "in < module>, expected < int>"),
        ("1 < 2 and a<=b, x->y, [1](", "1 < 2 and a<=b, x->y, [1] ("),
        ("https://docs.example/errors#4", "https://docs.example/errors#4"),
    ],
)
def test_markdown_links_and_tags_are_broken(text: str, expected: str) -> None:
    """An image would be loaded without a click, with what its address holds; a bare address stays as it is."""
    assert clean(text, 200) == expected
    assert clean(expected, 200) == expected


def test_breaking_markup_counts_towards_the_limit() -> None:
    """The blanks are there before the text is cut."""
    assert clean("<b>" * 30, 20) == "< b>< b>< b>< b>< b…"


_ELEVEN = "'" * 11


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('say "no" now', "\"say 'no' now\""),
        ("done\u201d Next: x", '"done\' Next: x"'),
        ("\u201e\u201f\u2033\u2036\u02ba\u02dd\u02ee\u02f6\u05f4\u1cd3\u3003", f'"{_ELEVEN}"'),
        ("\u301d\u301e\u301f\uff02\u275d\u275e\u2e42\U0001f676\U0001f677\U0001f678\u201c", f'"{_ELEVEN}"'),
        ("C:\\temp\\", '"C:\\temp\\ "'),
        ("a\\b", '"a\\b"'),
        ("\u00abno\u00bb it's", '"\u00abno\u00bb it\'s"'),
        ("", '""'),
    ],
)
def test_nothing_in_a_quotation_can_end_it(text: str, expected: str) -> None:
    """Neither a double quote, nor what looks like one, nor a backslash that seems to escape the last one."""
    assert in_quotes(text) == expected


def test_a_cut_is_marked_and_within_the_limit() -> None:
    """The mark counts towards the limit."""
    assert clean("abcdefghij", 10) == "abcdefghij"
    assert clean("abcdefghijk", 10) == "abcdefghi…"
    assert clean("abcdefgh   k", 10) == "abcdefgh k"


def test_half_a_word_where_reading_ended_is_left_out() -> None:
    """Half of a credential might not look like one; but a word that is longer than any is shown."""
    assert clean("a" + "\u200b" * 396 + " bcdefg", 20) == "a…"
    assert clean("a b" + "\u200b" * 399 + "c", 20) == "a…"
    assert clean("b" + "\u200b" * 400 + "c", 20) == "…"
    assert clean("b" * 401, 20) == "b" * 19 + "…"
    assert clean("a b" + "\u200b" * 396 + "c", 20) == "a bc"
    assert clean("a b" + "\u200b" * 397 + "c", 20) == "a…"
    assert clean("ab " * 66 + "cd" + "\u200b" * 6_000, 300) == ("ab " * 66).rstrip() + "…"
    assert clean("a " + "b" * 199 + "\u200b" * 6_000, 300) == "a…"
    assert clean("a " + "b" * 200 + "\u200b" * 6_000, 300) == f"a {'b' * 200}…"


def test_whether_anything_was_cut_off_is_told() -> None:
    """Also where only the end of what was read is missing, or white space that is folded took all the room."""
    assert clean_counting("abcdefghij", 10) == ("abcdefghij", False)
    assert clean_counting("abcdefghijk", 10) == ("abcdefghi…", True)
    assert clean_counting("abcdefghijk", 10, middle=True) == ("abcdefghi…", True)
    assert clean_counting("ab cd ef" + "\u200b" * 400 + "gh", 20) == ("ab cd…", True)
    assert clean_counting("ab cd" + " " * 4_500 + "e", 300) == ("ab…", True)
    assert clean_counting("a" + " " * 4_394 + "b", 300) == ("a b", False)
    assert clean_counting("a" + " " * 4_395 + "b", 300) == ("…", True)


def test_a_text_is_blank_as_far_as_it_is_read() -> None:
    """Twenty times the characters that are shown; one more, and the cut would be shown."""
    assert is_blank("\u200b" * 200, 10)
    assert not is_blank("\u200b" * 201, 10)
    assert is_blank(" \x1b[0m\n", 10)
    assert not is_blank("\u200ba", 10)


def test_a_text_that_is_mostly_invisible_is_marked_as_cut() -> None:
    """Text that was too long to be read at all counts as cut."""
    assert clean("\u200b" * 10_000 + "end", 10) == "…"


def test_a_cut_in_the_middle_keeps_both_ends() -> None:
    """The end of an error usually tells more than its middle; the tail gets the larger part."""
    text = f"cannot load {'x' * 100} no such table"
    assert clean(text, 40, middle=True) == f"cannot load xx … {text[-23:]}"
    assert clean("short", 40, middle=True) == "short"


def test_of_a_long_text_both_ends_are_read_for_a_cut_in_the_middle() -> None:
    """A megabyte costs no more than its ends."""
    assert clean("a" * 1_000_000 + "z", 40, middle=True) == "a" * 14 + " … " + "a" * 22 + "z"
    assert clean("a\u200b" * 500_000 + "z", 4_000, middle=True).endswith("az")


def test_how_much_of_each_end_is_read_for_a_cut_in_the_middle() -> None:
    """Half of twenty times the limit; what is no longer than both together is read whole."""
    unseen = "\u200b" * 399
    assert clean(f"a{unseen}{unseen}b", 40, middle=True) == "ab"
    assert clean(f"{unseen}a{'x' * 50}b{unseen}", 40, middle=True) == "a … b"
    assert clean(f"{unseen}\u200ba{'x' * 50}b\u200b{unseen}", 40, middle=True) == "…"


@pytest.mark.parametrize("limit", range(0, 60, 3))
def test_a_line_cut_in_its_middle_is_never_too_long(limit: int) -> None:
    """Whatever the limit; where there is no room for two ends, the head alone stays."""
    assert len(truncate_middle("a b" * 50, limit)) <= limit
    assert truncate_middle("a b", 3) == "a b"


@pytest.mark.parametrize(
    ("text", "limit", "expected"),
    [
        ("abcdefghijklmnopqrstuvwxyz", 26, "abcdefghijklmnopqrstuvwxyz"),
        ("abcdefghijklmnopqrstuvwxyz", 25, "abcdefgh … mnopqrstuvwxyz"),
        ("abcdefghijklmnopqrstuvwxyz", 13, "abcd … uvwxyz"),
        ("abcdefghijklmnopqrstuvwxyz", 12, "abcdefghijk…"),
        ("abc defghijklmnopqrst vwxyz", 13, "abc … vwxyz"),
        ("abc defgh", 5, "abc…"),
        ("abc", 1, "…"),
        ("abc", 0, ""),
    ],
)
def test_a_line_cut_in_its_middle_keeps_two_fifths_of_its_head(text: str, limit: int, expected: str) -> None:
    """Ends of fewer than 10 characters in all are none: then the head alone stays."""
    assert truncate_middle(text, limit) == expected
