"""Mask what looks like a credential in text that a workload wrote."""

import re

_MASK = "***"
# `DB_PASSWORD=…`, `Authorization: Bearer …`: a name that contains such a word, and the value after it.
_NAMED = re.compile(
    r"(?i)((?:api[-_]?key|access[-_]?key|token|secret|password|passwd|authorization)[\"']?\s{0,3}[:=]\s{0,3}"
    r"(?:bearer\s{1,3}|basic\s{1,3})?[\"']?|\bbearer\s{1,3})(?!\*{3})[^\s\"',;&]{6,}"
)
_WELL_KNOWN_FORM = re.compile(
    r"(?<![A-Za-z0-9])(?:"
    r"eyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]+)?"  # JSON web token
    r"|gh[opsur]_\w{20,}|github_pat_\w{20,}"
    r"|sk-[\w-]{16,}|xox[abprs]-[\w-]{10,}|bl_\w{16,}"
    r"|A(?:KI|SI)A[A-Z0-9]{16}"
    r")"
)
_USER_IN_URL = re.compile(r"(?<=://)[^\s/@]{1,200}@")


def redact_credentials(line: str) -> str:
    """One line of text in which each credential that can be recognised is `***`."""
    line = _USER_IN_URL.sub(f"{_MASK}@", line) if "://" in line else line
    return _WELL_KNOWN_FORM.sub(_MASK, _NAMED.sub(rf"\1{_MASK}", line))
