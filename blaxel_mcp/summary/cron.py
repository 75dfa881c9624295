"""When a cron expression is due, read as UTC.

Read are five fields, and six with seconds first, with names of months and days in any case, 7 for Sunday, `L`, `#`,
and `@daily` and its like. An expression that means something else to another reader of cron expressions is not read:
another time zone, `@every` and `@reboot`, a seventh field for years.
"""

import re
from datetime import date, datetime

from blaxel_mcp.summary import limits
from blaxel_mcp.summary.patterns import lazy_compile

_MACROS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_DAYS = 3_000
"""How many days of the months it names an expression is followed: 29 February on a Sunday takes 1,200."""
_UTC_PREFIX = lazy_compile(r"(?:CRON_)?TZ=(?:Etc/)?(?:UTC|GMT)[ \t]+", re.IGNORECASE)
_NAMED_DAY = r"[A-Z]{3}(?:-[A-Z]{3}|#[1-5])?"
_NAMED_DAYS = lazy_compile(rf"[?*]|{_NAMED_DAY}(?:,{_NAMED_DAY})*", re.IGNORECASE)


def next_due(expression: str, now: datetime) -> datetime | None:
    """The first moment after `now` (UTC) at which an expression is due; `None` if it can't be read, or never is."""
    return _due(expression, now)


def last_due(expression: str, now: datetime) -> datetime | None:
    """The newest moment up to `now` (UTC), itself included, at which an expression is due; `None` as for next_due."""
    # The library leaves out the moment at which it starts, but not the whole second before it.
    return _due(expression, now.replace(microsecond=1), reverse=True)


def _due(expression: str, start: datetime, *, reverse: bool = False) -> datetime | None:
    # Imported here, since start-up and jobs without a schedule do without it.
    from cronsim import CronSim, CronSimError  # noqa: PLC0415

    class BoundedCronSim(CronSim):
        """Gives up after so many days, where the library would search 50 years for a day that never comes."""

        days_left = _DAYS

        def match_day(self, d: date) -> bool:
            self.days_left -= 1
            if self.days_left < 0:
                raise CronSimError
            return super().match_day(d)

    fields = _fields(expression)
    try:
        return next(BoundedCronSim(fields, start, reverse=reverse), None) if fields else None
    except (CronSimError, OverflowError):
        return None


def _fields(expression: str) -> str | None:
    """The five or six fields as the library reads them; `None` for text that could be slow or misread."""
    text = expression.strip(" \t\r\n") if len(expression) <= limits.SCHEDULE_CHARACTERS else ""
    if not (text.isascii() and text.replace("\t", " ").isprintable()):
        return None
    text = _UTC_PREFIX.sub("", text, count=1)
    fields = _MACROS.get(text.lower(), text).split()
    if "?" in text and len(fields) in {5, 6}:
        # Quartz writes "any day" so. It also counts days of the week from 1 for Sunday, others from 0, so that beside
        # a question mark only their names are clear. The library refuses one that stays elsewhere.
        if not _NAMED_DAYS.fullmatch(fields[-1]):
            return None
        fields[-1], fields[-3] = ("*" if field == "?" else field for field in (fields[-1], fields[-3]))
    return " ".join(fields)
