"""Mask what looks like a credential in text that a workload wrote, and count what was masked. Best effort.

Looked at before writing rules of our own, in November 2026, and why none serves:

- detect-secrets 1.5.0 finds secrets in lines of files. For a single line its entropy rules take commits, digests and
  even the word `mysql` for secrets; a line takes 0.3 ms, and the last release is of May 2024.
- maskerlogger 1.1.1 has gitleaks' rules in a logging formatter. It found neither `password=hunter2`, `--password x`,
  `mysql -px`, `user:pw@host`, `Pwd=x`, cookies nor a PEM block that is cut off, and brings a C extension.
- scrubadub 2.0.1 brings scikit-learn and nltk; datafog 4.9.0 and presidio-analyzer 2.2 look for personal data.
- CredSweeper 1.19.5 needs onnxruntime and pandas; whispers 2.4.0 needs semgrep and reads files.
- loggingredactor 0.0.7 has no rules for credentials. The rules of truffleHogRegexes 0.0.7 are of 2018.

Everything here is linear in the text: one attempt for each start, no nested repetition, possessive where it matters.
"""

import base64
import binascii
import json
import re
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from blaxel_mcp.summary.patterns import lazy_compile
from blaxel_mcp.summary.secret_words import Kind, is_other_token, is_placeholder, is_secret_value, kind_of_name

MASK = "***"


class Redacted(NamedTuple):
    """A text with each credential masked, and how many there were."""

    text: str
    masked: int


def redact(text: str) -> Redacted:
    """The text in which each credential that can be recognised is `***`.

    It may have several lines, and should still have its line ends: they tell where a value ends. Colours and
    characters that do not show are left out where a credential is seen only without them.
    """
    if is_harmless(text):
        return Redacted(text, 0)
    found = _redact(text)
    if ("\x1b" in text or not text.isascii()) and (plain := _UNSEEN.sub("", text)) != text:
        without = _redact(plain)
        return without if without.masked > found.masked else found
    return found


# Numbers, timestamps and short words, most of the texts in JSON: no form of credential has only such characters, and
# every form beside a separator or a name has a longer word.
is_harmless = re.compile(r"[0-9TZ:.+-]*|[\w.-]{1,13}", re.ASCII).fullmatch
_UNSEEN = lazy_compile(r"\x1b\[[0-?]*[ -/]*[@-~]|[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")


def _redact(text: str) -> Redacted:
    count = 0
    if _HAS_LONG_WORD(text):
        text, count = _WELL_KNOWN(text)
    if _HAS_SEPARATOR(text):
        lower = text.lower()
        present = [needle for needle in _NEEDLES if needle in lower]
        if present:
            for needles, rule in _RULES:
                if not needles.isdisjoint(present):
                    text, masked = rule(text)
                    count += masked
    return Redacted(text, count)


# Without one of these a text is a single word, and has nothing beside the well-known forms.
_HAS_SEPARATOR = re.compile(r"[\s=:@%,<>&]").search


def redact_field(name: str, value: str) -> Redacted:
    """The value of a field of JSON, masked whole if the field's name says that it is a secret."""
    kind = kind_of_name(name)
    if kind and is_secret_value(value, name, kind, quoted=True, spaced=False, prose=False):
        return Redacted(MASK, 1)
    return redact(value)


_Rule = Callable[[str], tuple[str, int]]


def _masking(pattern: str, sure: Callable[[re.Match[str]], bool] | None = None) -> _Rule:
    """A rule that masks the group `s` of each match, or the whole match; `sure` may decline one."""
    return partial(_mask_matches, lazy_compile(pattern), sure)


def _mask_matches(pattern: re.Pattern[str], sure: Callable[[re.Match[str]], bool] | None, text: str) -> tuple[str, int]:
    spans = []
    for match in pattern.finditer(text):
        group = "s" if "s" in match.re.groupindex else 0
        if not is_placeholder(match[group]) and (sure is None or sure(match)):
            spans.append(match.span(group))
    return _mask_spans(text, spans)


def _mask_spans(text: str, spans: list[tuple[int, int]]) -> tuple[str, int]:
    """The text with `***` in place of each span; they are in order and do not overlap."""
    if not spans:
        return text, 0
    parts, done = [], 0
    for start, end in spans:
        parts += [text[done:start], MASK]
        done = end
    return "".join([*parts, text[done:]]), len(spans)


_PLAIN_WORD = lazy_compile(r"[A-Z]?[a-z]+(?:[-'][a-z]+)?")
_NEXT_WORD = lazy_compile(r"[ \t]+(?:[a-z]+|\d+ [a-z]+)(?=[\s.,;!?)\"'\]`]|$)")


def _begins_sentence(text: str, start: int, end: int) -> bool:
    """Whether the text from `start` to `end` is a plain word that another word follows, as in a sentence."""
    return _PLAIN_WORD.fullmatch(text, start, end) is not None and _NEXT_WORD.match(text, end) is not None


# --- Private keys -----------------------------------------------------------------------------------------------------

# Line ends may be real, or written `\n` as in JSON, or `\\n` as in JSON within JSON.
_GAP = r"(?:\s|\\+[nrt]|%0[AD])*+"
_PEM = lazy_compile(
    rf"----(?:-| ?)BEGIN (?:[A-Z0-9]{{1,20}} ){{0,3}}PRIVATE KEY(?: BLOCK)? ?-----?{_GAP}"
    r"(?=[A-Za-z0-9+/=]{10}|Proc-Type|Version|Comment|DEK-Info)"
)
_PEM_END = lazy_compile(r"----(?:-| ?)END (?:[A-Z0-9]{1,20} ){0,3}PRIVATE KEY(?: BLOCK)? ?-----?")


def _mask_private_keys(text: str) -> tuple[str, int]:
    """Each block from BEGIN to END; one without an END, since it was cut off, to the end of the text."""
    spans, done = [], 0
    while begin := _PEM.search(text, done):
        end = _PEM_END.search(text, begin.end())
        done = end.end() if end else len(text)
        spans.append((begin.start(), done))
    text, count = _mask_spans(text, spans)
    if not count and (end := _PEM_END.search(text)):  # the block's beginning was cut off
        start = end.start()
        while start and (text[start - 1].isspace() or text[start - 1].isalnum() or text[start - 1] in "+/=\\"):
            start -= 1
        if end.start() - start >= 40:  # noqa: PLR2004 - less is a sentence about the marker
            return _mask_spans(text, [(start, end.end())])
    return text, count


# --- Well-known forms -------------------------------------------------------------------------------------------------

# Every form below has such a part, and few texts have.
_HAS_LONG_WORD = re.compile(r"[A-Za-z0-9_-]{14}").search
_WELL_KNOWN = _masking(
    r"(?<![A-Za-z0-9])(?:"
    r"(?<![\w-])eyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*){0,3}"  # JSON web token
    r"|gh[opsur]_\w{20,}|github_pat_\w{20,}"
    r"|gl(?:pat|dt|rt|rtr|cbt|ptt|ft|imt|agent|oas|soat|ffct)-[\w.-]{16,}"
    r"|npm_[A-Za-z0-9]{24,}|pypi-Ag[\w-]{20,}|rubygems_[0-9a-f]{32,}"
    r"|sk-(?:proj|svcacct|admin|ant|or|lf|None)-[\w-]{16,}|sk-(?=[A-Za-z]*[0-9])[A-Za-z0-9]{16,}"
    r"|(?:sk|rk)_(?:live|test)_[A-Za-z0-9]{10,}|whsec_[A-Za-z0-9+/=]{16,}"
    r"|SG\.[\w-]{16,}\.[\w-]{16,}"
    r"|AIza[\w-]{30,}|ya29\.[\w-]{20,}|GOCSPX-[\w-]{20,}|1//0[\w-]{30,}"
    r"|hf_[A-Za-z0-9]{20,}|api_org_[A-Za-z0-9]{30,}"
    r"|gsk_[A-Za-z0-9]{32,}|r8_[A-Za-z0-9]{30,}|pplx-[A-Za-z0-9]{40,}|xai-[A-Za-z0-9]{40,}"
    r"|xox[abeoprs][-.][\w.-]{10,}|xapp-[\w-]{20,}"
    r"|SK[0-9a-f]{32}(?![\w-])|key-[0-9a-f]{32}(?![\w-])"
    r"|do[opr]_v1_[0-9a-f]{32,}"
    r"|bl_(?:[a-z]{2,12}_)?[A-Za-z0-9]{16,}"
    r"|A(?:KI|SI|BI|CC)A[A-Z0-9]{16}(?![A-Za-z0-9])(?::[A-Za-z0-9/+]{30,})?"
    r"|dapi[0-9a-f]{32}(?:-\d)?|shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}|sq0(?:atp|csp)-[\w-]{22,}|EAAA[\w-]{56,}"
    r"|(?<![\w.-])[sb]\.(?=[A-Za-z]*\d)[A-Za-z0-9]{24}(?![\w.])"
    r"|hv[sbr]\.[\w-]{20,}|dp\.(?:st|pt|ct|sa|scim|audit)\.(?:[\w-]{1,40}\.)?[A-Za-z0-9]{30,}"
    r"|lin_api_[A-Za-z0-9]{30,}|[A-Za-z0-9]{14}\.atlasv1\.[\w-]{40,}|dckr_(?:pat|oat)_[\w-]{20,}"
    r"|ntn_[A-Za-z0-9]{40,}|secret_[A-Za-z0-9]{40,}|sb[ps]_[0-9a-f]{40}|sb_secret_[\w-]{20,}"
    r"|fo1_[\w-]{40,}|fm[12][a-z]?_[\w+/=-]{40,}"
    r"|glsa_\w{24,}|glc_[A-Za-z0-9+/=]{32,}|NRAK-[A-Z0-9]{27}|NRI[IQ]-[\w-]{20,}"
    r"|AGE-SECRET-KEY-1[0-9A-Z]{40,}|ATATT3[\w=-]{50,}|ATCTT3[\w=-]{50,}|ATBB[A-Za-z0-9]{28,}"
    r"|PMAK-[0-9a-f]{24}[\w-]*|sntry[su]_[\w+/=-]{30,}|nvapi-[\w-]{30,}|pul-[0-9a-f]{40}|figd_[\w-]{30,}"
    r"|lsv2_[ps][tk]_\w{30,}|pcsk_\w{30,}|tskey-[\w-]{20,}|tvly-[\w-]{20,}|rpa_[A-Za-z0-9]{30,}|sl\.[\w-]{60,}|nfp_\w{30,}"
    r"|xkeysib-[0-9a-f]{64}-\w{8,}|pscale_(?:tkn|pw|oauth)_[\w.=-]{30,}"
    r"|\d{8,10}:AA[\w-]{30,}"  # Telegram bot
    r"|[MNO][A-Za-z0-9_-]{23,25}\.[\w-]{6}\.[\w-]{27,}"  # Discord bot
    r")"
)


# --- Addresses --------------------------------------------------------------------------------------------------------


def _has_secret_user(match: re.Match[str]) -> bool:
    """Whether the user part of an address, before its `@`, has a password or is as long as a key."""
    user, colon, password = match["s"].partition(":")
    if colon:
        return not is_placeholder(password)
    return len(user) >= 20 and user.isalnum() and any(map(str.isdigit, user))  # noqa: PLR2004


_USER_PART = r"[^\s/@\"'<>,;]"
# First with a slash in the password: no address may hold one, but programs print it. A port before the slash is none.
_URL_USER = _masking(
    rf"(?<=://)(?P<s>(?!\[)[^\s/@\"'<>,;:.]{{0,64}}+:(?!\d{{1,5}}/|[{{$%:]){_USER_PART}{{1,100}}+"
    rf"(?:@(?!{_USER_PART}*\.){_USER_PART}++)?(?:/{_USER_PART}{{1,100}}+){{1,2}}(?=@)"
    r"|[^\s/\"'<>,;]*)@",
    _has_secret_user,
)
_WEBHOOK = _masking(
    r"(?i)(?:hooks\.slack(?:-gov)?\.com/(?:services|workflows|triggers)/"
    r"|discord(?:app)?\.com/api/(?:v\d{1,2}/)?webhooks/"
    r"|\.webhook\.office\.com/webhookb2/|outlook\.office(?:365)?\.com/webhook/"
    r"|/open-apis/bot/v2/hook/|/webhook/send\?key=|hooks\.zapier\.com/hooks/catch/|maker\.ifttt\.com/\S{1,60}/with/key/|api\.telegram\.org/(?:file/)?bot)"
    r"(?P<s>[^\s\"'<>\\?]{8,}+)"
)
# user:pw@tcp(host:3306), user:pw@host:5432; an image with its digest is name:tag@sha256:….
_DSN = _masking(
    r"(?<![\w/.@:+-])(?!mailto:)[\w.-]{1,64}+:(?P<s>[^\s:@/\"'(),;]{3,100}+)@(?!sha\d)"
    r"(?:tcp\(|unix\(|[\w.-]{1,100}+:(?:\d{2,5}(?![\w:])|/(?!/)))"
)
_ORACLE = _masking(r"(?i)(?:(?<=:thin:)|\b(?:sqlplus|sqlldr|expdp|impdp)\s)[\w$#]{1,64}/(?P<s>[^\s@\"']{1,100}+)@")

# --- Commands ---------------------------------------------------------------------------------------------------------

_COMMAND_REACH = 200
"""How far before an option its command's name may stand."""


def _after(*commands: str) -> Callable[[re.Match[str]], bool]:
    """A check that one of these commands stands before the match, in the same command line."""
    names = rf"(?i)(?<![\w-])(?:{'|'.join(commands)})(?:\.exe)?(?![\w-]*\.(?:py|js|go|rb))"
    return partial(_stands_before, lazy_compile(names))


def _stands_before(names: re.Pattern[str], match: re.Match[str]) -> bool:
    """Whether one of these names stands before the match, in the same command line."""
    before = match.string[max(0, match.start() - _COMMAND_REACH) : match.start()]
    return names.search(before, max(map(before.rfind, "\n|;&")) + 1) is not None


_START, _BETWEEN = r"(?:^|(?<=[\s\"'\[(,=`]))", r"(?:[\"'],?\s{1,2}[\"']|[\s=]{1,2}[\"']?)"
_WORD = r"(?P<s>[^\s\"'`,;|<>-][^\s\"'`|<>]*+)"
_GLUED_PASSWORD = _masking(
    rf"{_START}-p(?P<s>[^\s\"'`,;|<>=-][^\s\"'`|<>]*+|(?<=-p)'[^'\n]+'|\"[^\"\n]+\")",
    _after("mysql[a-z_]*", "mariadb[a-z-]*", "mycli", "mongo[a-z]*", "sshpass", "7z"),
)
_SPACED_PASSWORD = _masking(
    rf"{_START}-p{_BETWEEN}{_WORD}",
    _after("sshpass", "mongo[a-z]*", "(?:docker|podman|oc|helm registry|az) login"),
)
_OTHER_PASSWORD = _masking(
    rf"{_START}-(?:a|w|P){_BETWEEN}{_WORD}",
    _after("redis-cli", "ldap[a-z]+", "sqlcmd", "[io]sql", "bcp", "(?:un)?zip"),
)
_USER_OPTION = _masking(
    rf"{_START}(?:-u|--user|-U|--proxy-user|-x|-a|--auth)(?:{_BETWEEN})?[^\s:%\"'/]{{1,100}}+[:%](?P<s>[^\s\"'`/]+)",
    _after("curl", "wget", "http", "smbclient", "lftp"),
)
_BASIC_AUTH = _masking(
    r"(?i)(?:\b(?:http)?(?:basic|digest)auth|\bauth\s?=\s?)\(\s?[\"'][^\"'\s]{0,100}+[\"'],\s{0,2}"
    r"[\"'](?P<s>[^\"'\n]{1,200}+)[\"']"
)


def _is_random_token(match: re.Match[str]) -> bool:
    """Whether a word has small and capital letters and digits, as few names and no commits have, and is no cursor."""
    word = match["s"]
    mixed = word != word.lower() and word != word.upper() and any(map(str.isdigit, word))
    return mixed and not is_other_token(match.string[max(0, match.start() - 20) : match.start()])


_STATED_KEY = _masking(
    r"(?i)\b(?:api|access|secret|auth|private|account|signing|encryption)[ _-]?(?:key|token)(?:\sprovided)?"
    r":?\s{1,2}[\"'(\[]?(?P<s>(?=[A-Za-z_]*[0-9])[A-Za-z0-9_]{20,}+)(?![\w/:(-]|\.\w)"
)
_STATED_TOKEN = _masking(
    r"(?i)(?:(?<![\w.-])token:?\s{1,2}[\"'(\[]?|[?&](?:key|code|k)=)(?P<s>[A-Za-z0-9_-]{20,}+)(?![\w/:(]|\.\w)",
    _is_random_token,
)
_OPENSSL = _masking(r"(?<![\w-])-pass(?:in|out)?[\s=]pass:(?P<s>[^\s\"']+)")
_NETRC = _masking(r"(?i)\blogin\s{1,4}\S{1,100}+\s{1,4}password\s{1,4}(?P<s>\S+)")


def _is_set_in_statement(match: re.Match[str]) -> bool:
    """Whether the word behind `IDENTIFIED BY` or the like is a password in a statement, and no word of a sentence."""
    if any(map(str.isdigit, match["s"])):
        return True
    if _begins_sentence(match.string, *match.span("s")):
        return False
    before = match.string[max(0, match.start() - _COMMAND_REACH) : match.start()].lower()
    return "user " in before or not match[0].lower().startswith("identified")


_IDENTIFIED_BY = _masking(
    r"(?i)\b(?:identified\s{1,3}(?:with\s{1,3}\w{1,40}\s{1,3})?by|requirepass|masterauth)\s{1,3}['\"]?(?P<s>[^\s'\";]+)",
    _is_set_in_statement,
)
_PIPED = _masking(r"\b(?:echo|printf)\s(?:-n\s)?[\"']?(?P<s>[^\s\"'|]{1,200}+)[\"']?\s?\|[^\n|]{1,200}--password-stdin")
_VAULT = _masking(r"(?i:vault)[^\n]{0,40}?(?<![\w.-])(?P<s>[sb]\.[A-Za-z0-9]{24})(?![\w.(])")

# --- Headers ----------------------------------------------------------------------------------------------------------

_BEARER = _masking(r"(?i)(?<![\w-])bearer(?:\s{1,3}|%20|\+)(?P<s>(?=[A-Za-z_.~+/-]*[0-9])[\w.~+/-]{6,}=*)(?![\"'=]?=)")


def _is_basic(match: re.Match[str]) -> bool:
    """Whether the matched word is the base64 of `user:password`, as basic authentication sends it."""
    try:
        decoded = base64.b64decode(match["s"] + "==")  # more padding than is needed does not matter
    except (binascii.Error, ValueError):
        return False
    return b":" in decoded and all(32 <= byte < 127 for byte in decoded)  # noqa: PLR2004 - printable ASCII


_BASIC = _masking(r"(?i)(?<![\w-])basic(?:\s{1,3}|%20)(?P<s>[A-Za-z0-9+/]{6,}={0,2})", _is_basic)
_DIGEST = _masking(
    r"(?i)\bresponse=\"?(?P<s>[0-9a-f]{32,128}+)",
    lambda match: "digest" in match.string[max(0, match.start() - 500) : match.start()].lower(),
)
# One attribute after another, `a=b; Path=/; Secure`, since after the last of them other text may follow.
_PAIR = r"[\w.!#$%&*+^|~-]{1,128}+=(?:\"[^\"\n]*\"|[^\s;\"',\\]*+)"
_COOKIE = _masking(
    rf"(?i)(?<![\w-])(?:(?:set-)?cookie(?:[\"']?(?::|\s{{0,2}}=>?)|[\"'],)\s{{0,3}}[\"'\[]{{0,2}}|<cookie\s|-(?:b|-cookie)[\s=][\"']?)"
    rf"(?P<s>{_PAIR}(?:;\s{{0,2}}(?:{_PAIR}|Secure|HttpOnly|Partitioned))*+)",
    lambda match: (
        match[0][:2] != "-b" or "curl" in match.string[max(0, match.start() - _COMMAND_REACH) : match.start()]
    ),
)

# --- Names and values -------------------------------------------------------------------------------------------------

# A name and what separates it from its value. Names in quotes may be escaped once or more, as in JSON within JSON.
_HEAD = lazy_compile(
    r"(?<![\w.-])(?P<name>[\w.-]*[A-Za-z0-9_])(?P<close>\\{0,7}[\"'`]|\])?"
    r"(?P<sep>\s{0,3}(?:=>|->(?=\s)|:=|=(?![=~])|:(?![:/]))[ \t]{0,8}|(?:%22)?%3[dDaA](?:%22)?|,\s{0,2}(?=[bu]?[\"'])"
    r"|(?<![\"'`\]])[ \t]{1,3}(?=[^\s=:]))"
)
_OPENING = lazy_compile(r"(?:SecretStr\(|[bBuUrRfF](?=[\"']))?(?P<quote>\\{0,7}[\"'`])")
_UNQUOTED = lazy_compile(r"(?:[^\s\"'`&;<>,\\]|\\(?![nrt\"'])|,(?![\"'\w.-]++\s?[=:])){1,300}+")
_REST_OF_VALUE = lazy_compile(r"[^\s\"'`&;<>,\\]*+")
_LONG_VALUE = 300
"""A value longer than this is masked unseen, so that none is looked at twice."""
_CONNECTION_VALUE = lazy_compile(r"[^;\"'\n]{1,200}+(?=;)")
_SNAKE = lazy_compile(r"[a-z]+(?:_[a-z]+)+")
_COMPOUND = lazy_compile(r"[A-Za-z][_.-][A-Za-z]|[a-z][A-Z]")
_LONG_WORD = 14
_SHORTEST_IN_SENTENCE = 4
_SENTENCE = frozenset({"password", "passphrase", "passcode", "pwd", "passwd", "pw"})
_BEFORE_OTHER_TOKEN = lazy_compile(
    r"(?i)(?:invalid|illegal|unknown|unrecognized|bad|near|next|expected)\s{1,2}[\"'`]?$"
)
_HEADERS = lazy_compile(r"(?i)(?:x-|proxy-|api-?key|authorization|ocp-|private-token|--)")


def _mask_named(text: str) -> tuple[str, int]:
    """The value after each name that says it is a secret, in any of the forms that programs print."""
    spans: list[tuple[int, int]] = []
    done = 0
    for head in _HEAD.finditer(text):
        if head.start() < done or (kind := kind_of_name(head["name"])) is None:
            continue
        span = _find_value(text, head, kind)
        if span is not None:
            spans.append(span)
            done = span[1]
    return _mask_spans(text, spans)


def _find_value(text: str, head: re.Match[str], kind: Kind) -> tuple[int, int] | None:
    """Where the value after a secret's name is, or nothing if it is no secret."""
    if not _introduces_value(text, head, kind):
        return None
    start = head.end()
    if not head["sep"].isspace() and "authorization" in head["name"].lower() and (scheme := _SCHEME.match(text, start)):
        return _after_scheme(text, scheme.end())
    if opening := _OPENING.match(text, start):
        return _quoted_value(text, head, kind, opening)
    return _connection_value(text, head, kind) or _unquoted_value(text, head, kind)


def _introduces_value(text: str, head: re.Match[str], kind: Kind) -> bool:
    """Whether the separator behind a secret's name makes the next word its value."""
    name, separator = head["name"], head["sep"]
    if separator.isspace():
        # --password x; password x; aws configure set aws_secret_access_key x
        return name.startswith("-") or name.lower() in _SENTENCE or (kind != "weak" and "_" in name)
    if separator.startswith(","):
        return _HEADERS.match(name) is not None
    if name.lower() == "pass" and separator != "=" and not head["close"]:
        return False  # pass: 12, as test runners count
    if kind == "password":
        return True
    if separator == ":" and text[head.start() - 1 : head.start()] in {":", "/", "@"}:
        return False  # arn:aws:…:secret:name, image/token:tag
    return "token" not in name.lower() or not _BEFORE_OTHER_TOKEN.search(text, max(0, head.start() - 16), head.start())


def _quoted_value(text: str, head: re.Match[str], kind: Kind, opening: re.Match[str]) -> tuple[int, int] | None:
    name, bare = head["name"], head["sep"].isspace()
    start, end = opening.end(), _closing(text, opening)
    if "auth" in name.lower() and (scheme := _SCHEME.match(text, start)):
        start = min(scheme.end(), end)
    value = text[start:end]
    if bare and not name.startswith("-") and (" " in value or len(value) < _SHORTEST_IN_SENTENCE):
        return None
    if head["sep"].startswith(",") and kind_of_name(value):
        return None  # a list of names
    secret = is_secret_value(value, name, kind, quoted=True, spaced=_is_spaced(head), prose=False)
    return (start, end) if secret else None


def _connection_value(text: str, head: re.Match[str], kind: Kind) -> tuple[int, int] | None:
    """A password with spaces, up to the semicolon that ends it in a connection string."""
    found = _CONNECTION_VALUE.match(text, head.end()) if kind == "password" and head["sep"] == "=" else None
    if not found or "=" in found[0] or " " not in found[0]:
        return None
    secret = is_secret_value(found[0], head["name"], kind, quoted=True, spaced=False, prose=False)
    return found.span() if secret else None


def _unquoted_value(text: str, head: re.Match[str], kind: Kind) -> tuple[int, int] | None:
    name, start, bare, spaced = head["name"], head.end(), head["sep"].isspace(), _is_spaced(head)
    found = _UNQUOTED.match(text, start)
    if not found:
        return None
    if len(found[0]) >= _LONG_VALUE and (rest := _REST_OF_VALUE.match(text, found.end())):
        return start, rest.end()
    value = _trimmed(found[0], text[found.end() : found.end() + 1])
    end = start + len(value)
    if _is_other_word(head, value, text[end : end + 1]) or (bare and "://" in value):
        return None
    if spaced and kind == "secret" and value.isalpha() and len(value) >= _LONG_WORD and _COMPOUND.search(name):
        kind = "password"  # JWT_SECRET: supersecretvalue
    if bare and not name.startswith("-") and not _is_long_and_mixed(value, 16 if kind == "secret" else 6):
        return None
    prose = (spaced or bare) and _begins_sentence(text, start, end)
    return (start, end) if is_secret_value(value, name, kind, quoted=False, spaced=spaced, prose=prose) else None


def _is_other_word(head: re.Match[str], value: str, following: str) -> bool:
    """Whether the word behind a secret's name is part of a program, of a usage line or of an error, and not a value."""
    if head["name"].startswith(("self.", "this.")) or (head["sep"] == " = " and _SNAKE.fullmatch(value)):
        return True  # a line of a program
    if head["sep"].isspace() and value.isupper() and value.replace("_", "").isalpha():
        return True  # --token TOKEN
    if value.isalpha() and following in {")", "]"} and "=" in head["sep"]:
        return True  # an argument of a call
    return following == ":" and _is_spaced(head)  # token: error: …


def _is_spaced(head: re.Match[str]) -> bool:
    """Whether name and value are separated as words of a sentence can be: by a space, or by a colon and a space."""
    separator = head["sep"]
    if head["name"].startswith("-"):
        return False
    return separator.isspace() or (
        separator.endswith(" ") and (":" in separator or ">" in separator) and not head["close"]
    )


_SCHEME = lazy_compile(
    r"[\"']?(?i:bearer|basic|token|apikey|api-key|bot|negotiate|digest|key|oauth|splunk|ghapp|sharedkey|sharedkeylite)\s{1,3}"
)
_HEADER_VALUE = lazy_compile(r"[^\s\"'`,;<>\\]++")
_PARAMETER = lazy_compile(r"[A-Za-z_]{1,40}=\\{0,7}[\"']\w")  # Digest username="bob", realm="x"


def _after_scheme(text: str, start: int) -> tuple[int, int] | None:
    """The word after `Authorization: Bearer `, unless it is a word about it."""
    found = _HEADER_VALUE.match(text, start)
    if not found or is_placeholder(found[0]) or _begins_sentence(text, *found.span()):
        return None
    return None if _PARAMETER.match(text, start) else found.span()


def _closing(text: str, opening: re.Match[str]) -> int:
    """Where a quoted value ends: at its closing quote, or at the end of the line if it was cut off."""
    quote, start = opening["quote"], opening.end()
    end = start
    while (end := text.find(quote, end)) >= 0:
        backslashes = 0
        while end - backslashes > start and text[end - backslashes - 1] == "\\":
            backslashes += 1
        if backslashes % 2 == 0:
            return end
        end += len(quote)
    line_end = text.find("\n", start)
    return len(text) if line_end < 0 else line_end


def _trimmed(value: str, following: str) -> str:
    """The value without the brackets and full stops that belong to what is around it."""
    if value.startswith(("[", "{")):
        return value
    return value.rstrip(")]}.,:!?" if following in {"", " ", "\n", ",", ";", '"', "'"} else ")]},")


def _is_long_and_mixed(value: str, shortest: int) -> bool:
    """Whether a word of a sentence about a secret is the secret: long enough, with letters and digits."""
    return len(value) >= shortest and any(map(str.isdigit, value)) and any(map(str.isalpha, value))


_IN_SENTENCE = _masking(
    r"(?i)\b(?:password|passphrase|passcode|pwd|token|secret|api[ _-]?key|access key|secret key)\s{1,2}"
    r"(?:for\s(?:user\s)?[^\s:]{1,60}(?::|\s(?=is\s|was\s)))?(?:(?:is|was|are|set to|changed to|of):?|(?<=:))\s{1,2}"
    r"(?:now\s|set to\s)?"
    r"(?P<s>\"[^\"\s]{4,}\"|'[^'\s]{4,}'|[^\s\"'`]{6,}|\d{4,}(?=[.,;!]|$))",
    lambda match: _is_secret_in_sentence(match[0], match["s"]),
)


def _is_secret_in_sentence(sentence: str, value: str) -> bool:
    inner = value.strip("\"'").rstrip(".,;:!?)")
    if inner.isdigit():
        return sentence.lower().startswith("pass")
    sure = is_secret_value(inner, "password", "weak", quoted=False, spaced=True, prose=False)
    return sure and any(map(str.isdigit, inner)) and any(map(str.isalpha, inner))


# A value on a line of its own below the name, as in YAML.
_BELOW = _masking(
    r"(?i)(?:password|passwd|passphrase|token|secret|key)[\"']?[:=][ \t]{0,3}(?:[|>][+-]?[ \t]{0,3})?\n"
    r"[ \t]{1,40}+(?P<s>\S{6,}+)(?=\n|$)",
    lambda match: _is_secret_in_sentence(match[0], match["s"]),
)
_ELEMENT = _masking(
    r"<(?P<name>[\w.:-]{1,100}+)(?:\s[^<>]{0,200}+)?>\s{0,3}(?P<s>[^<>\s][^<>\n]{0,4000}?)\s{0,3}</",
    lambda match: _is_in_field(match["name"], match["s"]),
)
_ESCAPED_ELEMENT = _masking(
    r"&lt;(?P<name>[\w.:-]{1,100}+)&gt;\s{0,3}(?P<s>[^&<>\s]{1,400}+)\s{0,3}&lt;/",
    lambda match: _is_in_field(match["name"], match["s"]),
)
# name: DB_PASSWORD, value: x, as in the environment of a container; also as attributes of XML.
_PAIR_OF_FIELDS = _masking(
    r"(?i)\b(?:name|key|variable)\\{0,3}[\"']?\s{0,2}[:=]\s{0,2}\\{0,3}[\"']?(?P<name>[\w.-]{1,100}+)\\{0,3}[\"']?,?\s{1,40}+"
    r"(?:-\s)?\\{0,3}[\"']?value\\{0,3}[\"']?\s{0,2}[:=]\s{0,2}\\{0,3}[\"']?(?P<s>[^\s\"'\\,}]+)",
    lambda match: _is_in_field(match["name"], match["s"]),
)


def _is_in_field(name: str, value: str) -> bool:
    kind = kind_of_name(name)
    return kind is not None and is_secret_value(value, name, kind, quoted=True, spaced=False, prose=False)


# --- Environment overrides --------------------------------------------------------------------------------------------

OVERRIDE_FORMS = r"(?:json|yaml|text|string|values?|map|raw|base64|b64|encoded)"
"""What may end the name of an override, as in `envOverrideJson`."""
# The name as services write it, and what separates it from its value; `{"name": "envOverride", "value": …}` too.
_OVERRIDE = lazy_compile(
    r"(?i)env(?:ironment)?(?:[^\w\"'{},:=\n]|_){0,3}(?:var(?:iable)?s?(?:[^\w\"'{},:=\n]|_){0,3})?overrides?"
    rf"(?:[-_. ]?{OVERRIDE_FORMS}){{0,3}}\d{{0,3}}(?:[./]\w{{1,100}}+|\[[\\\"']{{0,8}}\w{{1,100}}+[\\\"']{{0,8}}\])?"
    r"(?:(?:\\{0,7}[\"'`])?\]?\s{0,3}(?:=>|:=|=(?![=~])|:(?![:/])|%3[ad])(?P<space>(?:\s*+[|>][+-]?(?=\s*\n))?\s*+)"
    r"|\\{0,7}[\"']?,?\s{0,40}+(?:-\s)?\\{0,7}[\"']?value\\{0,7}[\"']?\s{0,3}[:=]\s*+"
    r"|\s{1,3}(?=[\"'`]?[a-z_]\w{0,100}+=[^=\s])"
    # A few words may stand between, if what follows them is an object, a list, or the assignment of a variable.
    r"|[^\n]{0,40}?(?=[\\\"'`]{0,8}(?:\{\s{0,9}(?:\\{0,7}[\"']|\w{1,100}+[:=])|\[\s{0,9}\\{0,7}[\"'])"
    r"|(?<![\w.-])(?-i:[A-Z_][A-Z0-9_]{0,100}+=[^=\s])))"
)
# NAME=value or map[NAME:value, and NAME: value if it is in capitals: other words with a colon are of a sentence.
_ASSIGNMENT = lazy_compile(
    r"(?:-\s{1,3})?(?:[A-Za-z_][\w.\[-]{0,100}+[:=](?=[^\s=/])|[A-Z_][A-Z0-9_]{0,100}+(?::\s|\s=))"
)
_BELOW_NAME = lazy_compile(r"(?:-\s{1,3})?[A-Za-z_][\w.-]{0,100}+\s?[:=]")
_FIRST_WORD = lazy_compile(r"[^\s,;)}\]]{0,300}+")
_ONLY_MASKS = lazy_compile(r"[\s\"'*\\{}\[\]]*+")


def _mask_overrides(text: str) -> tuple[str, int]:
    """What follows the name of an environment override, since each of its values may be secret."""
    spans: list[tuple[int, int]] = []
    done = 0
    while head := _OVERRIDE.search(text, done):
        start, end, secret = _find_override(text, head)
        if secret:
            spans.append((start, end))
        done = end
    return _mask_spans(text, spans)


def _find_override(text: str, head: re.Match[str]) -> tuple[int, int, bool]:
    """Where an override's value is, and whether it may be secret; what cannot be parsed may go on to the text's end."""
    start = head.end()
    if text.startswith(MASK, start):
        return start, start, False
    if text.startswith(("{", "["), start):
        try:
            value, end = json.JSONDecoder().raw_decode(text, start)
        except (ValueError, RecursionError):
            return start, len(text), not text[start + 1 :].isspace() and start + 1 < len(text)
        values = value.values() if isinstance(value, dict) else value
        return start, end, not all(isinstance(held, str) and held and not held.strip("*") for held in values)
    if opening := _OPENING.match(text, start):
        end = _closing(text, opening)
        return opening.end(), end, _ONLY_MASKS.fullmatch(text, opening.end(), end) is None
    end = _end_of_plain_override(text, head)
    return start, end, end > start


def _end_of_plain_override(text: str, head: re.Match[str]) -> int:
    """Where an override without brackets or quotes ends: with its line, or with the text if it begins a line below."""
    start = head.end()
    if "\n" in (head["space"] or ""):
        return len(text) if _BELOW_NAME.match(text, start) else start
    if not _ASSIGNMENT.match(text, start):
        word = _FIRST_WORD.match(text, start)
        if head[0].rstrip().endswith(":") or word is None or is_placeholder(word[0]):
            return start
    line_end = text.find("\n", start)
    return len(text) if line_end < 0 else line_end


# --- All rules --------------------------------------------------------------------------------------------------------

_NAMES = "pass pw secret token key auth cred sess sig cookie connect.sid"


def _searched_for(needles: str, rule: _Rule) -> tuple[frozenset[str], _Rule]:
    """A rule with its needles: only a text that has one of them, in lower case, is worth searching by the rule."""
    return frozenset(needles.split()), rule


# What is certain comes first, so that a name before it sees that it is masked.
_RULES = (
    _searched_for("override", _mask_overrides),
    _searched_for("key", _mask_private_keys),
    _searched_for("://", _URL_USER),
    _searched_for("hook telegram key", _WEBHOOK),
    _searched_for(":thin: sql pdp", _ORACLE),
    _searched_for("cookie -b", _COOKIE),
    _searched_for("@", _DSN),
    _searched_for("sql mariadb mycli mongo pass 7z", _GLUED_PASSWORD),
    _searched_for("pass mongo login", _SPACED_PASSWORD),
    _searched_for("redis-cli ldap sql bcp zip", _OTHER_PASSWORD),
    _searched_for("curl wget http smbclient lftp", _USER_OPTION),
    _searched_for("pass", _OPENSSL),
    _searched_for("login", _NETRC),
    _searched_for("pass", _PIPED),
    _searched_for("vault", _VAULT),
    _searched_for("identified pass auth", _IDENTIFIED_BY),
    _searched_for("basic", _BASIC),
    _searched_for("auth", _BASIC_AUTH),
    _searched_for("key token", _STATED_KEY),
    _searched_for("token key code= k=", _STATED_TOKEN),
    _searched_for(_NAMES, _mask_named),
    _searched_for("bearer", _BEARER),
    _searched_for("pass pw token secret key", _IN_SENTENCE),
    _searched_for("pass token secret key", _BELOW),
    _searched_for("</", _ELEMENT),
    _searched_for("&lt;/", _ESCAPED_ELEMENT),
    _searched_for("response=", _DIGEST),
    _searched_for("value", _PAIR_OF_FIELDS),
)
_NEEDLES = sorted({needle for needles, _ in _RULES for needle in needles})
