"""Which names hold secrets (`DB_PASSWORD`, `clientSecret`), and which values are none (`None`, `${TOKEN}`)."""

import re
from functools import lru_cache
from typing import Literal, TypeAlias

from blaxel_mcp.summary.patterns import lazy_compile

Kind: TypeAlias = Literal["password", "secret", "weak"]
"""How sure a name is: what follows `password` is a secret, what follows a plain `token` only in some forms."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_WORDS = lazy_compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")  # numbers tell nothing: PASSWORD_2
# Those of `_GLUED` are left out: password, passwd, passphrase, pwd.
_PASSWORD_WORDS = frozenset({"passcode", "pw"})
# `pass` alone is what a test does.
_BEFORE_PASS = _words(
    "account admin amqp app auth basic db elastic email es ftp http imap kafka ldap login mail mongo mysql pg "
    "postgres proxy rabbitmq redis root sftp smtp sql ssh sshpass sudo user vault vpn"
)
# Those of `_GLUED` are left out: access, account, api, auth, encryption, private, secret, signing.
_BEFORE_KEY = _words(
    "app application client decryption deploy fernet functions hmac jwt license master service session shared ssh "
    "storage subscription"
)
_WEAK_WORDS = frozenset({"token", "secret", "auth", "authorization", "credential", "credentials", "cookie"})
_VAGUE = frozenset({"auth", "credential", "credentials"})
_SESSION = frozenset({"sessionid", "jsessionid", "phpsessid", "sessid"})
_SIGNATURES = frozenset({"sig", "signature"})
# Words before `token` that make it a cursor, a word of a language, or a number.
_OTHER_TOKENS = _words(
    "page next previous prev continuation continue sync cursor resume start max min num n per total count first "
    "last pad eos bos unk sep cls mask special stop end begin unexpected illegal input output prompt "
    "completion image text audio lookahead"
)
_GLUED = lazy_compile(
    r"(?:(?P<password>password|passwd|passphrase|pwd)"
    r"|(?P<shared>clientsecret|appsecret|apisecret)"
    r"|secretkey(?:base)?|clientkeydata|apikey|accesskey|privatekey|accountkey|signingkey|encryptionkey"
    r"|authtoken|accesstoken|refreshtoken|apitoken|idtoken|bottoken|sessiontoken|securitytoken|(?:csrf|xsrf)token|connectsid|authkey"
    r"|(?:db|smtp|user|root|admin|redis|ssh|sql)pass)$"
)


_LONGEST_NAME = 100


def kind_of_name(name: str) -> Kind | None:
    """How surely the value beside this name is a secret; `None` where it is not."""
    return _kind_of_name(name[-_LONGEST_NAME:])


@lru_cache(maxsize=1024)
def _kind_of_name(name: str) -> Kind | None:
    words = [word.lower() for word in _WORDS.findall(name)]
    before, last = ["", "", *words][-2:]
    glued = _GLUED.search("".join(words))
    if glued is None and last == "token" and before in _OTHER_TOKENS:
        return None
    if last in _PASSWORD_WORDS or (last == "pass" and (before in _BEFORE_PASS or name == "--pass")):
        return "password"
    if glued is not None:
        return "password" if glued["password"] or glued["shared"] else "secret"
    of_key = last == "key" and before in _BEFORE_KEY
    of_session = last in _SESSION or (last == "id" and before == "session")
    if of_key or of_session or (last in _WEAK_WORDS - _VAGUE and before):
        return "secret"
    return "weak" if last in _WEAK_WORDS | _SIGNATURES or name.lower() == "pass" else None


def is_other_token(before: str) -> bool:
    """Whether the word before `token` makes it a cursor or a word of a language, as in `next page token`."""
    word = before.rstrip(" _-").rpartition(" ")[2].lower()
    return word in _OTHER_TOKENS


_NOT_A_VALUE = _words(
    "none null nil undefined true false yes no on off ok set unset not present absent missing required optional "
    "empty invalid valid expired revoked rejected denied refused wrong incorrect unknown unauthorized forbidden "
    "failed failure error failing disabled enabled redacted filtered hidden masked removed omitted changed "
    "unchanged default string str bytes int integer number bool boolean text any object type value field "
    "parameter argument option flag file secret password passwd token key auth user username bearer basic digest "
    "negotiate oauth oauth2 jwt saml oidc kerberos ldap md5 scram-sha-256 aws4-hmac-sha256 trust peer ident cert "
    "plain login is was to or and for if with when instead in must cannot can has have had be been does do did "
    "should may will the a an this that your my of from at by as it stdin env eof nan inf varchar char uuid json "
    "yaml base64 hex utf-8 utf8 sha256 sha1 sha512 hs256 rs256 es256 aes256 ed25519 bcrypt argon2 rsa secretstr "
    "securestring found updated created deleted rotated loaded read used using given needed accepted matched "
    "verified checked expected unexpected ignored skipped pending ready success succeeded successful issued "
    "retrieved renewed refreshed authentication authorization see na tbd todo anonymous public private bound "
    "unbound locked unlocked short long weak strong blank"
)
_PLACEHOLDER = lazy_compile(
    r"\*+.*|[x.…•#-]{3,}|…|[|>][+-]?"
    r"|<[^<>]*>?|\[[^\[\]]*\]?|\(.*|\{\{.*|\{[^{}]*|\{[a-z_.]*(?:![rsa])?\}|\{\d\}"
    r"|\$\{.*|\$\(.*|\$[A-Z_][A-Z0-9_]*|\$\d+|%[sdr]|%\(\w+\)s|%\w+%|#\{.*|:[a-z_]+|@[a-z_]+|\?"
    r"|__\w+__"
    r"|(?:your|my|the|some|example|dummy|fake)[-_](?:[a-z]+[-_])*(?:password|token|key|secret|here)(?:[-_]here)?",
    re.IGNORECASE | re.DOTALL,
)
_CODE = lazy_compile(
    r"\$?[A-Za-z_][\w.>-]*[(\[].*"  # get_token(), os.environ["TOKEN"]
    r"|(?:self|os|sys|env|environ|process|config|cfg|conf|settings|args|opts|options|secrets|vars?|ctx|context|request"
    r"|params?|data|values|this|app|module|local|local_file|resource)\.[\w.]+",
    re.DOTALL,
)
_DOTTED = lazy_compile(r"[A-Za-z_]{2,}(?:\.[A-Za-z_]{2,})+")  # types.Key
_BETWEEN_QUOTES = lazy_compile(r"[ ,)].*|\+\s?[A-Za-z_.]*(?:[ +].*)?", re.DOTALL)  # "token=" + token
_PATH = lazy_compile(
    r"(?:file:)?[~.]{0,2}/?(?:[a-z0-9_.@-]+/)+[a-z0-9_.@-]+|/|[A-Za-z]:\\.*|[a-z][a-z0-9+.-]*://.*|arn:.*"
)
_NUMBER = lazy_compile(r"[-+]?[0-9][0-9.,_]*(?:%|ms|s|k|kb|mb|px|x)?|0x[0-9a-f]{1,8}", re.IGNORECASE)
_DATED = lazy_compile(
    r"\d{4}-\d\d-\d\d.*|v?\d+(?:\.\d+)+.*|sha\d+:.*|[\w.+-]+@[\w.-]+\.[a-z]+", re.IGNORECASE | re.DOTALL
)
_UUID = lazy_compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)
_KEBAB = lazy_compile(r"(?=.*[-.])[a-z]+(?:[-.](?:[a-z]+|[0-9]{1,3}))+")
_LETTERS = lazy_compile(r"[A-Za-z]+(?:[-_'][A-Za-z]+)*")


def _is_stop_word(value: str) -> bool:
    word = value.lower().rstrip(".,:;!?)")
    first, _, rest = word.partition("-")  # base64-encoded
    return word in _NOT_A_VALUE or (first in _NOT_A_VALUE and rest.replace("-", "").isalpha())


def is_placeholder(value: str) -> bool:
    """Whether a value stands for a secret without being one: masked, absent, a variable, a word about it."""
    return not value or _PLACEHOLDER.fullmatch(value) is not None or _is_stop_word(value)


def is_secret_value(value: str, name: str, kind: Kind, *, quoted: bool, spaced: bool, prose: bool) -> bool:
    """Whether a value beside a secret's name is the secret.

    Args:
        value: without its quotes.
        name: what stands before it.
        kind: how sure the name is.
        quoted: whether the value stands in quotes.
        spaced: whether the separator is one that sentences have too: a colon with a space, or a space alone.
        prose: whether the value looks like the first word of a sentence.
    """
    if is_placeholder(value) or (prose and not quoted) or value.lower() == name.lower().lstrip("-").rpartition(".")[2]:
        return False  # password=password is an argument of a call
    if _is_other_fact(value, name.lower()):
        return False
    if _NUMBER.fullmatch(value):
        return kind == "password" and len(value) >= 4 and value.isdigit()  # noqa: PLR2004 - fewer are a count
    if _is_reference(value, kind, quoted=quoted):
        return False
    if kind == "weak" or (kind == "secret" and spaced and not quoted):
        return _is_random(value, spaced=spaced)
    return True


def _is_other_fact(value: str, name: str) -> bool:
    """Whether the value shows that the name is no secret's here: `PWD` with a folder, a session id with a UUID."""
    return (name in {"pwd", "oldpwd"} and value.startswith("/")) or (
        name.endswith("id") and _UUID.fullmatch(value) is not None
    )


def _is_reference(value: str, kind: Kind, *, quoted: bool) -> bool:
    """Whether a value says where the secret is: an expression of a program, a path, an address."""
    if _PATH.fullmatch(value) and (kind != "password" or not value.startswith(("http", "ftp"))):
        return True
    if quoted:
        return value.startswith((")", ", ")) or (kind != "password" and _BETWEEN_QUOTES.fullmatch(value) is not None)
    if kind != "password" and _DOTTED.fullmatch(value):
        return True
    return _CODE.fullmatch(value) is not None


def _is_random(value: str, *, spaced: bool) -> bool:
    """Whether a value beside a less certain name looks made by chance rather than chosen by a person."""
    if " " in value.strip() or _DATED.fullmatch(value) or _KEBAB.fullmatch(value):
        return False
    if any(map(str.isdigit, value)):
        return len(value) >= (6 if spaced else 4)
    if not (spaced and _LETTERS.fullmatch(value)):
        return len(value) >= 8  # noqa: PLR2004
    return len(value) >= 16 and not (value.islower() or value.isupper() or value.istitle())  # noqa: PLR2004
