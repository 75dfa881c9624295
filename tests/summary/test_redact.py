"""The redactor: what it masks, what it leaves alone, and that no text makes it slow."""

import base64
import time
import tomllib
from pathlib import Path

import pytest

from blaxel_mcp.summary.clean import clean
from blaxel_mcp.summary.redact import redact, redact_field

FOLDER = Path(__file__).parent
LEAKING, LEFT = (
    tomllib.loads((FOLDER / file).read_text(encoding="utf-8").replace("¦", ""))
    for file in ("leaks.toml", "harmless.toml")
)
LEAKS: list[tuple[str, str]] = [(text, secret) for text, secret in LEAKING["leaks"]]
LEAKS_BY_RULE = [(text.replace("{}", given), secret) for text, secret, forms in LEAKING["families"] for given in forms]
HARMLESS: list[str] = LEFT["harmless"]
HARMLESS_BY_RULE = [text.replace("{}", given) for text, forms in LEFT["families"] for given in forms]


def test_no_credential_remains() -> None:
    """Each is masked and counted, once and for all: what is masked is not masked again."""
    leaks = LEAKS + LEAKS_BY_RULE
    assert [text for text, secret in leaks if secret not in text] == []
    masked = [(redact(text), secret) for text, secret in leaks]
    assert [found.text for found, secret in masked if secret in found.text] == []
    assert [found for found, _ in masked if not found.text.count("***") >= found.masked >= 1] == []
    assert [found.text for found, _ in masked if redact(found.text) != (found.text, 0)] == []


def test_no_credential_remains_in_a_sentence() -> None:
    """What stands before and after it makes no difference, nor does folding to one line."""
    sentences = [(f"2026-11-24 ERROR step 3 failed: {text}\nsee the log", secret) for text, secret in LEAKS]
    assert [text for text, secret in sentences if secret in clean(text, 2000)] == []


def test_harmless_texts_are_left_as_they_are() -> None:
    """Not a character is changed, by themselves or within a sentence."""
    assert [text for text in HARMLESS + HARMLESS_BY_RULE if redact(text) != (text, 0)] == []
    sentences = [f"step 3 failed: {text}\nsee the log" for text in HARMLESS]
    assert [text for text in sentences if redact(text) != (text, 0)] == []


def test_the_sets_are_large_enough_to_mean_something() -> None:
    """And no row stands twice."""
    assert len(set(LEAKS)) == len(LEAKS) >= 240
    assert len(set(HARMLESS)) == len(HARMLESS) >= 380
    assert len(LEAKS_BY_RULE) >= 400
    assert len(HARMLESS_BY_RULE) >= 300


def test_no_less_and_no_more_is_masked() -> None:
    """To the letter, in the forms where a value's end is hard to tell."""
    exact = dict(LEAKING["exact"])
    assert {text: redact(text).text for text in exact} == exact


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a=1 password=hunter2, b=2", "a=1 password=***, b=2"),
        ("loader --token q7Xv2 --verbose", "loader --token *** --verbose"),
        ("Server=db;Pwd=abc123;Timeout=5", "Server=db;Pwd=***;Timeout=5"),
        ('{"password": "a\\"b", "user": "x"}', '{"password": "***", "user": "x"}'),
        ("postgres://app:hunter2@db/x", "postgres://***@db/x"),
        ("Authorization: Bearer q7Xv2Lm9pQ (401)", "Authorization: Bearer *** (401)"),
        ("Cookie: a=1; b=2 was refused", "Cookie: *** was refused"),
        ("f(password=hunter2) failed", "f(password=***) failed"),
        ("password=hunter2 and token=q7Xv2", "password=*** and token=***"),
    ],
)
def test_only_the_credential_is_masked(text: str, expected: str) -> None:
    """The name before it and the text after it stay."""
    assert redact(text).text == expected


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("password", "two words", ("***", 1)),
        ("password", "get()", ("***", 1)),
        ("token", "q7x2", ("***", 1)),
        ("password", "", ("", 0)),
        ("clientSecret", "q7Xv2Lm9", ("***", 1)),
        ("token", "expired", ("expired", 0)),
        ("maxTokens", "4096", ("4096", 0)),
        ("message", "password=hunter2", ("password=***", 1)),
        ("secretName", "db-creds", ("db-creds", 0)),
    ],
)
def test_the_name_of_a_field_decides_for_its_value(name: str, value: str, expected: tuple[str, int]) -> None:
    """In JSON the name stands beside the text and not in it."""
    assert redact_field(name, value) == expected


@pytest.mark.parametrize(
    ("masked", "left"),
    [
        ("password=1234", "password=123"),
        ("token=q7x2", "token=q7x"),
        ("token: q7x2Lm", "token: q7x2L"),
        ("token=swordfis", "token=swordfi"),
        ("token=ab+cd+ef", "token=ab+cd+e"),
        ("token: AbcdefGhijklmnOp", "token: AbcdefGhijklmnO"),
        ("jwt_secret: swordfishworda", "jwt_secret: swordfishword"),
        ("rejected with password hunte2", "rejected with password hunt2"),
        ("set aws_secret_access_key ab3de5fg7hj9kl2m", "set aws_secret_access_key ab3de5fg7hj9kl2"),
        ('rejected with password "wolf"', 'rejected with password "owl"'),
        ("https://a1b2c3d4e5f6a7b8c9d0@sentry.example/1", "https://a1b2c3d4e5f6a7b8c9d@sentry.example/1"),
        (f"{'aB3' * 13}a-----END PRIVATE KEY-----", f"x:{'aB3' * 13}-----END PRIVATE KEY-----"),
        (f"mysql -{'v' * 192} -phunter2", f"mysql -{'v' * 193} -phunter2"),
        ("true;mysql -phunter2", "mysql;true -phunter2"),
    ],
)
def test_what_is_one_character_too_short_is_no_credential(masked: str, left: str) -> None:
    """Counts, codes and words are shorter; and a command must stand near enough before its option."""
    assert redact(masked).masked == 1
    assert redact(left) == (left, 0)


def test_basic_authentication_is_known_by_what_it_encodes() -> None:
    """A user and a password with a colon between them, and nothing that does not print; in whatever padding."""
    for last, masked in ((31, 0), (32, 1), (126, 1), (127, 0)):
        encoded = base64.b64encode(b"abc:d" + bytes([last])).decode()
        assert redact(f"sent Basic {encoded} then").masked == masked
    user = base64.b64encode(b"bob:hunter").decode()
    for padding in ("", "=", "=="):
        assert redact(f"sent Basic {user.rstrip('=')}{padding} then") == ("sent Basic *** then", 1)
    for other in ("aGVsbG8gd29ybGQ=", "trainings", "Ym9iaHVudGVy"):
        assert redact(f"sent Basic {other} then").masked == 0


def test_a_credential_cut_in_half_by_what_is_read_does_not_show() -> None:
    """Of a text that is too long to be read whole, the last word is left out if it would show."""
    token = "hf" + "_" + "aB3" * 12
    for gap in range(360, 400):
        text = "\u200b" * gap + token + " end" * 200
        assert "aB3aB3" not in clean(text, 20)


# What stands before the mark ¦ comes once, the rest again and again.
HOSTILE = (
    "a", " ", "key=", "token=", "token ", "password: ", 'password="', "\\", 'password=\\"', "://", "://a:b@",
    "-----BEGIN PRIVATE KEY-----\n", "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBg ", "-----END PRIVATE KEY-----",
    "curl -u ", "mysql -px ", "cookie: a=b; ", "cookie: a=b", "<password>", "</", "bearer abc", "eyJabcdefghi-",
    "eyJabcdefgh.", "password=a,", "name: token value: ", "1", "-", ".-", "a@", "a:bcd@", "login a password ", "&sig=",
    "secret is ", '["token", ', ":thin:a/", "telegram.org/bot", "authorization: bearer ", "token='",
    "password=SecretStr(", "password=***", "&lt;password&gt;", 'digest response="', "key_", "x->", "password -> ",
    "://¦a@", "://¦:a@", "://a:¦b/", "cookie: ¦a=b; ", 'password="¦\\', "Pwd=¦a ", "mysql ¦-p ", "curl ¦-u a",
    "eyJabcdefgh.¦a", "vault s.", "vault ¦s.", "echo a ", "&key=", "token ", "password for a", "sqlplus a/",
    "\x1b[", "pass\u200b", "env override ", "envOverride=[", "envOverride={} ", "envOverride=None ", 'envOverride="" ',
    "envOverride: x ", "envOverride:\n", "env_var_",
)  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("unit", HOSTILE)
def test_no_text_is_slow(unit: str) -> None:
    """What is linear takes less than a second of the processor's time here, and what is quadratic minutes."""
    once, _, repeated = unit.rpartition("¦")
    text = once + repeated * (400_000 // len(repeated))
    began = time.process_time()
    redact(text)
    assert time.process_time() - began < 10
