"""How programs print what went wrong, by language and tool.

Each form is a row of `FORMS`: whose it is, the marks by which it is recognised, and a function that finds in the lines
the one that tells, with its frame. Rows come from the surest to the least sure.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from blaxel_mcp.summary.frames import at_frame, frame, position_frame, python_frame
from blaxel_mcp.summary.log_lines import CLASS_ENDINGS, NAMED, error_class, is_noise, split_level, without_stamp
from blaxel_mcp.summary.patterns import lazy_compile

_HEADER_LINES = 40
"""How far above the first frame of a stack the exception is looked for: messages have several lines at times."""
_TRACEBACKS = 3
"""How many tracebacks are tried from the end."""

_WORDS = lazy_compile(r"(?<![\w.])[A-Za-z_][\w.]*+(?=: )", re.ASCII)


class TellingLine(NamedTuple):
    """The line of a message that tells what went wrong, as it was printed, not cleaned.

    Attributes:
        text: one line, as `FileNotFoundError: [Errno 2] No such file or directory: '/mnt/in/orders.parquet'`; empty
            for an empty message.
        frame: the innermost frame that is the workload's own, as `load.py:118`; empty where there is none.
        error: the class of the exception without its package, as `FileNotFoundError`; empty where it has none.
    """

    text: str
    frame: str = ""
    error: str = ""


class Form(NamedTuple):
    """A way of printing what went wrong.

    Attributes:
        name: whose way it is.
        marks: one of these is in every text of this form; searching for them makes a miss quick.
        read: makes the telling line of a text's lines, or None where the form does not fit after all.
    """

    name: str
    marks: tuple[str, ...]
    read: Callable[[list[str]], TellingLine | None]


def in_one_line(text: str, place: str = "") -> TellingLine:
    """One line as the line that tells, with the frame and the class of error that it names by itself."""
    error = error_class(text)
    if not error and text.endswith(")"):
        ending = text.rpartition("(")[2][:-1]
        error = ending if ending.isidentifier() and ending.endswith(CLASS_ENDINGS) else ""
    return TellingLine(text, place or _place(text), error)


def _place(text: str) -> str:
    """The own frame that a line names by itself: of a shell, Perl, PHP, a compiler."""
    if ": line " in text:
        path, _, after = text.partition(": line ")
        return frame(path.rpartition(" ")[2], after.partition(":")[0])
    if " at " in text and " line " in text:
        path, _, number = text.rpartition(" at ")[2].partition(" line ")
        return frame(path, number.removesuffix(".").partition(",")[0]) if " " not in path else ""
    if "): error " in text:
        return _parenthesised(text)
    if ":" not in text:
        return ""
    return position_frame(text)


# Python


def _python(lines: list[str]) -> TellingLine | None:
    headers = [at for at, line in enumerate(lines) if "Traceback (most recent call last)" in line]
    if not headers:
        return _python_flat(lines)
    for start in reversed(headers[-_TRACEBACKS:]):  # the last one may be cut off
        if (found := _traceback(lines, start)) is not None:
            return found
    return None


def _traceback(lines: list[str], start: int) -> TellingLine | None:
    prefix = lines[start].split("Traceback (most recent")[0]
    if " File " in lines[start]:
        return _python_flat(lines[start:])
    frames: list[str] = []
    for at in range(start + 1, len(lines)):
        line = _after_prefix(lines[at], prefix)
        if line.lstrip().startswith('File "'):
            frames.append(line)
        elif line[:1].strip():
            place = next(filter(None, map(python_frame, reversed(frames))), "")
            return _raised(line, lines[at + 1 :], place)
    return None


def _after_prefix(line: str, prefix: str) -> str:
    """A line of a traceback without what stands before its header: blanks, a name, or a timestamp of its own."""
    if line.startswith(prefix):
        return line[len(prefix) :]
    return re.sub(r"^[\dTZ:.,+-]{8,40} ?", "", line)


def _raised(line: str, after: Sequence[str], place: str) -> TellingLine:
    """The line with the exception, joined with the next one where it ends in a colon and would say nothing alone."""
    text = line.strip()
    found = NAMED.match(text)
    following = 2 if "validation error" in text else 1
    if after and (text.endswith(":") or following > 1):
        text = " ".join([text, *(part.strip() for part in after[:following])])
    return TellingLine(text, place, found[2] if found else "")


def _python_flat(lines: list[str]) -> TellingLine | None:
    """A traceback whose line breaks were lost, or whose header is cut off."""
    at = next((at for at in reversed(range(len(lines))) if 'File "' in lines[at] and '", line ' in lines[at]), None)
    if at is None:
        return None
    frames = lines[at].split('File "')
    places = [python_frame(f'File "{part}') for part in frames[1:]]
    place = next((place for place in reversed(places) if place), "")
    for word in _WORDS.finditer(frames[-1]):
        name = word[0].rpartition(".")[2]
        if name.endswith(CLASS_ENDINGS):
            return TellingLine(frames[-1][word.start() :].strip(), place, name)
    for before in reversed(lines[:at]):
        place = place or python_frame(before)
    for offset, line in enumerate(lines[at + 1 :], at + 1):
        if not line[:1].isspace():
            return _raised(line, lines[offset + 1 :], place)
    return None


def _python_group(lines: list[str]) -> TellingLine | None:
    """The first exception of an exception group that is no group itself."""
    place, group = "", None
    for line in lines:
        text, drawn = line.lstrip(" |+-"), line.lstrip()
        if text.startswith('File "'):
            place = python_frame(text) or place
        elif drawn.startswith("|") and not drawn.startswith(("|   ", "| Traceback (")):
            found = NAMED.match(text)
            if found and found[2].endswith("ExceptionGroup"):
                group = group or TellingLine(text, place, found[2])
                place = ""
            elif found and group and (":" in text or found[2].endswith(CLASS_ENDINGS)):
                return TellingLine(text, place, found[2])
    return group


# Java, Kotlin, Node and .NET, whose frames all begin with `at`


def _at_frames(lines: list[str]) -> TellingLine | None:
    if len(lines) == 1:
        return _at_frames_flat(lines[0])
    lines = list(_without_suppressed(lines))
    start = next((at for at in reversed(range(len(lines))) if _is_cause(lines[at])), None)
    if start is None:
        frames = [at for at, line in enumerate(lines) if _is_at(line)]
        if not frames:
            return None
        # The last stack: from its last frame upward to where the frames begin.
        first = frames[-1]
        while first and (_is_at(lines[first - 1]) or _between_frames(lines[first - 1])):
            first -= 1
        start = _header(lines, first)
    text = _without_introduction(lines[start])
    if text.endswith(":"):
        listed = next((line for line in lines[start + 1 :] if _is_listed(line)), None) or _last_before_frames(
            lines, start
        )
        text = f"{text} {_without_introduction(listed)}".rstrip()
    place = _first_own(lines[start + 1 :]) or _first_own(lines)
    found = NAMED.match(text)
    return TellingLine(text, place, found[2] if found else "")


def _without_suppressed(lines: list[str]) -> Iterator[str]:
    """The lines without suppressed exceptions, which Java prints indented: those came up during the clean-up."""
    suppressed = False
    for line in lines:
        suppressed = line[:1].isspace() and (suppressed or line.lstrip().startswith("Suppressed: "))
        if not suppressed:
            yield line


def _is_at(line: str) -> bool:
    return line[:1].isspace() and line.lstrip().startswith("at ")


def _between_frames(line: str) -> bool:
    return line.lstrip().startswith(("... ", "--- End of"))


def _is_cause(line: str) -> bool:
    """Whether a line begins the deepest cause; those of suppressed exceptions are indented."""
    return line.startswith("Caused by: ") or line.lstrip().startswith(("---> ", "[cause]: "))


def _last_before_frames(lines: list[str], start: int) -> str:
    """The last line of the message that begins at `start`, where Prisma has its reason; empty for one line."""
    end = next((at for at in range(start + 1, len(lines)) if _is_at(lines[at])), len(lines))
    return lines[end - 1] if end - 1 > start else ""


def _is_listed(line: str) -> bool:
    return not _is_at(line) and "Error: " in line


def _header(lines: list[str], first: int) -> int:
    """Where the exception of a stack stands whose frames begin at `first`."""
    nearest = max(first - 1, 0)
    for at in range(nearest, max(nearest - _HEADER_LINES, -1), -1):
        if _is_at(lines[at]):
            break
        if error_class(_without_introduction(lines[at])):
            return at
    return nearest


def _without_introduction(line: str) -> str:
    text = line.strip().removesuffix(" {")
    if text.startswith("Exception in thread "):
        text = text.partition('" ')[2] or text
    for word in ("Caused by: ", "---> ", "(Inner Exception #0) ", "[cause]: ", "Uncaught "):
        text = text.removeprefix(word)
    for word in ("Unhandled Exception: ", "Unhandled exception. ", "[errors]: [ "):
        text = text.rpartition(word)[2]
    if error_class(text):
        return text
    _, level, message = split_level(text)
    if level is None:
        return text
    return message if not (after := message.rpartition(" - ")[2]) or not error_class(after) else after


def _first_own(lines: Iterable[str]) -> str:
    return next(filter(None, (at_frame(line) for line in lines if _is_at(line))), "")


def _at_frames_flat(line: str) -> TellingLine | None:
    """A stack on one line: the part that names the deepest cause, up to its first frame."""
    told = line
    for word in ("Caused by: ", "---> ", "[cause]: "):
        told = told.rpartition(word)[2]
    head, *frames = re.split(r"\s++at (?=[\w.$<>/: \[\]-]{1,200}\()", told)
    if not frames and told is line and "Unhandled exception. " not in line and "Exception in thread " not in line:
        return None
    text = _without_introduction(head)
    place = next(filter(None, (at_frame(f"at {part}") for part in frames)), "")
    found = NAMED.match(text)
    return TellingLine(text, place, found[2] if found else "")


# Go and Rust


def _go(lines: list[str]) -> TellingLine | None:
    start = next(
        (at for at, line in enumerate(lines) if without_stamp(line).startswith(("panic: ", "fatal error: "))), None
    )
    if start is None:
        return None
    text = without_stamp(lines[start]).removesuffix(" [recovered]").removesuffix(" [recovered, repanicked]")
    places = (position_frame(line) for line in lines[start + 1 :] if line[:1].isspace() and ".go:" in line)
    return TellingLine(text.strip(), next(filter(None, places), ""))


def _rust(lines: list[str]) -> TellingLine | None:
    at = next((at for at in reversed(range(len(lines))) if "panicked at" in lines[at]), None)
    if at is None:
        return None
    told = lines[at].partition("panicked at ")[2]
    if told.startswith("'"):  # as Rust wrote it before 1.73
        message, _, place = told[1:].rpartition("', ")
        return TellingLine(message or told, position_frame(place))
    place, _, message = told.partition(": ")
    if not message.strip() and at + 1 < len(lines):
        message = lines[at + 1]
    return TellingLine(message.strip(), position_frame(place))


def _anyhow(lines: list[str]) -> TellingLine | None:
    """An error with its causes below it, one a line: of Rust's anyhow and eyre."""
    at = next((at for at, line in enumerate(lines) if line.strip() == "Caused by:"), None)
    if not at:
        return None
    causes: list[str] = []
    for line in lines[at + 1 :]:
        if not line[:1].isspace():
            break
        causes.append(re.sub(r"^\s*+(?:\d{1,3}: )?", "", line))
    top = lines[at - 1].strip()
    return TellingLine(f"{top}: {causes[-1]}", "", error_class(top)) if causes else None


# Ruby, PHP, Node's engine, compilers, npm, R


def _ruby(lines: list[str]) -> TellingLine | None:
    for line in lines:
        before, found, after = line.partition(".rb:")
        number, inside, told = after.partition(":in ")
        if not found or not inside or line.lstrip().startswith("from "):
            continue
        text = told.partition(": ")[2]
        error = text.rpartition("(")[2].removesuffix(")")
        if not text:
            continue
        place = frame(f"{before.rpartition(' ')[2]}.rb", number)
        return TellingLine(text, place or _ruby_caller(lines), error if text.endswith(f"({error})") else "")
    return None


def _ruby_caller(lines: list[str]) -> str:
    callers = (line.strip().removeprefix("from ").partition(":in ")[0] for line in lines if "from " in line)
    return next(filter(None, map(position_frame, callers)), "")


def _php(lines: list[str]) -> TellingLine | None:
    for line in reversed(lines):
        _, found, told = line.partition("Fatal error: ")
        if not found:
            _, found, told = line.partition("Parse error: ")
        if not found:
            continue
        told = told.strip().removeprefix("Uncaught ")
        text, inside, place = told.rpartition(" in ")
        if not inside:
            text, place = told, ""
        return TellingLine(text, position_frame(place.replace(" on line ", ":")), error_class(text))
    return None


def _v8(lines: list[str]) -> TellingLine | None:
    # The mark may have stood at the end of a line, which has lost its spaces.
    said = next((line.partition("FATAL ERROR: ")[2] for line in lines if "FATAL ERROR: " in line), "")
    return TellingLine(f"FATAL ERROR: {said}") if said else None


def _cpp(lines: list[str]) -> TellingLine | None:
    """An exception that nothing caught, with what it says on the next line."""
    for at, line in enumerate(lines):
        _, found, name = line.partition("terminate called after throwing an instance of '")
        if found:
            said = lines[at + 1].partition("what():")[2].strip() if at + 1 < len(lines) else ""
            text = name.removesuffix("'")
            return TellingLine(f"{text}: {said}" if said else text, "", text.rpartition("::")[2])
    return None


def _compiler(lines: list[str]) -> TellingLine | None:
    """The first error of a compiler: later ones often follow from it."""
    for at, line in enumerate(lines):
        text = line.strip()
        if (
            ": error: " in text
            or ": fatal error: " in text
            or text.startswith("error[")
            or re.search(r"\berror (?:TS|CS|LNK|MSB|NU|C)\d{3,5}:", text)
        ) and not is_noise(text.lower()):
            arrow = lines[at + 1].strip() if at + 1 < len(lines) else ""
            place = position_frame(arrow.removeprefix("--> ")) if arrow.startswith("--> ") else _place(text)
            return TellingLine(text, place)
    return None


def _parenthesised(text: str) -> str:
    """The place in `src/app.ts(3,5): error TS2304: …`."""
    path, _, after = text.partition("(")
    return frame(path, after.partition(",")[0]) if " " not in path else ""


def _npm(lines: list[str]) -> TellingLine | None:
    skipped = ("code ", "errno ", "syscall ", "path ", "command ", "dest ", "A complete log", "Lifecycle ", "    ")
    for line in lines:
        for word in ("npm ERR! ", "npm error "):
            told = line.partition(word)[2]
            if told and not told.startswith(skipped):
                return TellingLine(told)
    return None


def _r(lines: list[str]) -> TellingLine | None:
    at = next((at for at in reversed(range(len(lines))) if lines[at].startswith("Error in ")), None)
    if at is None:
        return None
    text = lines[at].strip()
    if text.endswith(":") and at + 1 < len(lines):
        text = f"{text} {lines[at + 1].strip()}"
    return TellingLine(text)


FORMS: tuple[Form, ...] = (
    Form("Python exception group", ("Exception Group Traceback (",), _python_group),
    Form("Python traceback", ("Traceback (most recent call last)", '", line '), _python),
    Form("Rust panic", ("panicked at ",), _rust),
    Form("Go panic", ("panic: ", "fatal error: "), _go),
    Form("V8", ("FATAL ERROR: ",), _v8),
    Form("C++", ("terminate called after throwing",), _cpp),
    Form("Ruby", (".rb:",), _ruby),
    Form("PHP", ("PHP Fatal error: ", "PHP Parse error: ", "Fatal error: Uncaught "), _php),
    Form("R", ("Error in ",), _r),
    Form(
        "Java, Node, .NET",
        (" at ", "\tat ", "Caused by: ", "---> ", "[cause]: ", "Unhandled exception. ", "Exception in"),
        _at_frames,
    ),
    Form("anyhow", ("Caused by:\n",), _anyhow),
    Form("npm", ("npm ERR! ", "npm error "), _npm),
    Form(
        "compiler",
        (": error: ", ": fatal error: ", "error[", "error TS", "error C", "error LNK", "error NU"),
        _compiler,
    ),
)
"""How programs print what went wrong, the surest form first."""
