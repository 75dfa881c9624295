"""Which names hold secrets, and which values beside them are none."""

import pytest

from blaxel_mcp.summary.secret_words import Kind, is_other_token, is_placeholder, is_secret_value, kind_of_name

# Values beside a name and its kind; those in the first list are the secret, those in the second are not.
PLAIN: list[tuple[str, Kind, list[str], list[str]]] = [
    (
        "password",
        "password",
        ["hunter2", "1234", "wolf", "http://x.example/a", "ftp://x/a"],
        ["123", "12.5", "s3://x/a"],
    ),
    (
        "password",
        "password",
        ["types.Key", "HTTP"],
        ["", "***", "password", "PASSWORD", "None", "get()", "os.x", "/run/x"],
    ),
    ("--dbpass", "password", ["rootpass"], ["dbpass", "DBPASS", "${PW}"]),
    ("conf.dbpass", "password", ["rootpass"], ["dbpass"]),
    ("PWD", "password", ["srv"], ["/", "/srv/app"]),
    ("OLDPWD", "password", ["srv"], ["/"]),
    ("session_key", "secret", ["123e4567-e89b-12d3-a456-426614174000"], []),
    ("sessionid", "secret", ["abcd"], ["123e4567-e89b-12d3-a456-426614174000"]),
    ("api_key", "secret", ["wolf", "abcd"], ["1234", "http://x.example/a", "types.Key", "get()"]),
    (
        "token",
        "weak",
        ["q7x2", "swordfis", "ab+cd+ef"],
        ["q7x", "swordfi", "ab+cd+e", "2026-01-02", "db-creds", "types.Key"],
    ),
]
SPACED: list[tuple[Kind, list[str], list[str]]] = [
    ("password", ["hunter2", "wolf"], ["123"]),
    ("secret", ["q7x2Lm", "AbcdefGhijklmnOp", "ab+cd+ef"], ["q7x2L", "AbcdefGhijklmnO", "ab+cd+e", "wolf"]),
    ("weak", ["q7x2Lm", "AbcdefGhijklmnOp"], ["abcdefghijklmnop", "ABCDEFGHIJKLMNOP", "Abcdefghijklmnop"]),
]
QUOTED: list[tuple[Kind, list[str], list[str]]] = [
    ("password", ["two words", " x", "get()", "types.Key"], [")", ", x"]),
    ("secret", ["two words", "wolf", "get()"], [" x", ")", "+ token", ", x"]),
    ("weak", ["q7x2", " q7x2"[1:] + " ", "swordfis"], ["two words1", "wolf"]),
]


def judged(values: list[str], name: str, kind: Kind, *, quoted: bool, spaced: bool, prose: bool) -> list[bool]:
    """Which of these values are the secret."""
    return [is_secret_value(value, name, kind, quoted=quoted, spaced=spaced, prose=prose) for value in values]


def test_which_values_are_secret() -> None:
    """The less sure the name is, the more the value has to look made by chance."""
    for name, kind, secret, left in PLAIN:
        found = judged([*secret, *left], name, kind, quoted=False, spaced=False, prose=False)
        assert found == [True] * len(secret) + [False] * len(left), name
    for kind, secret, left in SPACED:
        found = judged([*secret, *left], "x", kind, quoted=False, spaced=True, prose=False)
        assert found == [True] * len(secret) + [False] * len(left), kind
    for kind, secret, left in QUOTED:
        found = judged([*secret, *left], "x", kind, quoted=True, spaced=False, prose=False)
        assert found == [True] * len(secret) + [False] * len(left), kind


def test_the_first_word_of_a_sentence_is_no_secret_but_in_quotes() -> None:
    """However sure the name is."""
    assert judged(["wolf"], "password", "password", quoted=False, spaced=True, prose=True) == [False]
    assert judged(["wolf"], "password", "password", quoted=True, spaced=True, prose=True) == [True]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        *((value, True) for value in ("", "***", "…", "<secret>", "${PW}", "None.", "expired!)", "base64-encoded")),
        *((value, False) for value in ("hunter2", ".none", "base64-enc0ded", "noneof", "base65-encoded")),
        ("aes256-in-gcm", True),
    ],
)
def test_what_stands_for_a_secret_is_none(value: str, *, expected: bool) -> None:
    """Masks, variables, and words about it, with the signs that end a sentence."""
    assert is_placeholder(value) is expected


def test_which_words_make_a_token_another_thing() -> None:
    """The last word before it, in whatever case and however it is joined."""
    words = ["page", "next page ", "the next page ", "PAGE-", "unexpected_", "the homepage ", "page of ", "api ", ""]
    assert [is_other_token(word) for word in words] == [True] * 5 + [False] * 4


def test_how_sure_names_are() -> None:
    """By their last words; only the end of a very long name is read."""
    names: dict[str, Kind | None] = {
        "DB_PASSWORD_2": "password",
        "clientSecret": "password",
        "--pass": "password",
        "pass": "weak",
        "apiKey": "secret",
        "session_id": "secret",
        "my_token": "secret",
        "token": "weak",
        "auth": "weak",
        "next_page_token": None,
        "maxTokens": None,
        "secretName": None,
        "id": None,
        "key": None,
        "": None,
        f"{'a' * 200}_password": "password",
        f"password{'_' * 92}": "password",
        f"password{'_' * 93}": None,
    }
    assert {name: kind_of_name(name) for name in names} == names
