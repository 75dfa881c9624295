"""Why a task failed and whose it is, by messages as real tools print them and by the rules that the table keeps."""

import re
import tomllib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blaxel_mcp.summary.cause_table import TABLE, Finders, Row
from blaxel_mcp.summary.causes import CAUSE_LABELS, CAUSES, ORIGIN_PHRASES, Cause, Origin, classify, origin_of
from blaxel_mcp.summary.telling import telling

NON_ZERO = ("NonZeroExitCode", "Completed")
OF_THE_PLATFORM = {"out_of_memory", "timed_out", "image", "cancelled", "platform", "quota"}
WITHOUT_ADVICE = {"killed", "out_of_memory", "timed_out", "exit_code", "unknown"}
"""What to do there depends on limits that the table does not know, or is not known."""


@dataclass(frozen=True, slots=True)
class Message:
    """A labelled message; `messages.toml` says what each field means."""

    text: str
    cause: Cause
    line: str = ""
    words: tuple[str, ...] = NON_ZERO
    also: tuple[Cause, ...] = ()
    seconds: float | None = None
    timeout: int | None = None
    trap: bool = False

    @property
    def right(self) -> set[str]:
        """The causes that may be answered; `unknown` is never wrong."""
        return {self.cause, *self.also, "unknown"}

    def found(self) -> Cause:
        """The cause by the table."""
        line = self.line or self.text
        return classify(self.words, line, message=self.text, seconds=self.seconds, timeout=self.timeout)


def load_messages() -> list[Message]:
    """All labelled messages."""
    text = (Path(__file__).parent / "messages.toml").read_text(encoding="utf-8")
    return [Message(**row) for row in map(fields, tomllib.loads(text)["message"])]


def fields(row: dict[str, Any]) -> dict[str, Any]:
    """A row of the file as the fields of a message."""
    return {key: tuple(value) if isinstance(value, list) else value for key, value in row.items()}


MESSAGES = load_messages()


@cache
def judged() -> list[tuple[Message, Cause]]:
    """Every message with the cause that is found for it: found once for all tests, since it takes a while."""
    return [(message, message.found()) for message in MESSAGES]


def test_no_message_gets_a_wrong_cause() -> None:
    """`unknown` may stand for any cause, another cause for none."""
    assert [(m.text, m.cause, found) for m, found in judged() if found not in m.right] == []


def test_every_message_gets_its_own_cause() -> None:
    """As the table is today: whoever takes out an alternative sees which messages nothing recognises any more."""
    assert [(m.text, m.words, m.cause, found) for m, found in judged() if found != m.cause] == []


def test_few_messages_with_a_cause_are_unknown() -> None:
    """At most one in ten, so that saying nothing is no way to be right."""
    with_cause = [(message, found) for message, found in judged() if message.cause != "unknown"]
    unknown = [message.text for message, found in with_cause if found == "unknown"]
    assert len(unknown) * 10 <= len(with_cause), unknown


def test_the_line_that_is_found_leads_to_the_right_cause() -> None:
    """Lines in the file are picked by hand; answers go by the line that `telling` finds."""
    found = [(message, replace(message, line=telling(message.text).text).found()) for message in MESSAGES]
    assert [(message.text, cause) for message, cause in found if cause not in message.right] == []


def test_half_of_the_messages_are_traps() -> None:
    """At least 220 messages of all causes, and no message twice."""
    assert len(MESSAGES) >= 220
    assert sum(message.trap for message in MESSAGES) * 2 >= len(MESSAGES)
    assert {message.cause for message in MESSAGES} == set(get_args(Cause))
    told = Counter((message.text, message.words, message.seconds) for message in MESSAGES)
    assert [message for message, times in told.items() if times > 1] == []


def test_a_whole_message_in_place_of_its_line_never_blames_the_platform() -> None:
    """Where no line was picked out, warnings in the output are still no platform, image, time or memory problem."""
    wrong = [
        (message.text, found)
        for message in MESSAGES
        if (found := classify(message.words, message.text, seconds=message.seconds, timeout=message.timeout))
        not in message.right
        and found in OF_THE_PLATFORM
    ]
    assert wrong == []


def spaced(words: tuple[str, ...]) -> str:
    """A condition's words as the table reads them."""
    return "\n".join(re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|_", " ", word).lower() for word in words)


def split(pattern: str) -> list[str]:
    """The alternatives of a pattern that stand outside all parentheses and brackets."""
    parts, depth, in_class, escaped = [""], 0, False, False
    for character in pattern:
        if character == "|" and not (depth or in_class or escaped):
            parts.append("")
            continue
        parts[-1] += character
        if not escaped:
            depth += 0 if in_class else {"(": 1, ")": -1}.get(character, 0)
            in_class = character != "]" if in_class else character == "["
        escaped = character == "\\" and not escaped
    return parts


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.cause)
def test_every_alternative_of_a_row_finds_a_message_of_its_cause(row: Row) -> None:
    """A pattern that no real message needs is a guess, and goes."""
    mine = [message for message in MESSAGES if row.cause in message.right]
    words = [spaced(message.words) for message in mine]
    texts = [message.text.lower() for message in mine]
    alternatives = [(alternative, words) for pattern in row.words for alternative in split(pattern)]
    patterns = (*row.sentences, *row.unless_exited, *row.output)
    alternatives += [(alternative, texts) for pattern in patterns for alternative in split(pattern)]
    dead = [found for found, read in alternatives if not any(re.search(found, text, re.MULTILINE) for text in read)]
    assert dead == []


FIELDS = ("words", "sentences", "unless_exited", "output")


def weakened(row: Row) -> Iterator[tuple[str, Row]]:
    """Each alternative of a row, and the row without it."""
    for field in FIELDS:
        patterns: tuple[str, ...] = getattr(row, field)
        for at, pattern in enumerate(patterns):
            parts = split(pattern)
            for number, part in enumerate(parts):
                rest = "|".join([*parts[:number], *parts[number + 1 :]])
                without: dict[str, Any] = {field: (*patterns[:at], *([rest] if rest else []), *patterns[at + 1 :])}
                yield part, replace(row, **without)


@pytest.mark.sampled(every=4)
@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.cause)
def test_every_alternative_of_a_row_is_needed_by_some_message(row: Row, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whichever is removed, a message gets another cause than its own: so nobody removes one unnoticed."""
    read = [(m, f"{spaced(m.words)}\n{m.text}\n{m.line}".lower()) for m, found in judged() if found == row.cause]
    needless = []
    for alternative, without in weakened(row):
        monkeypatch.setitem(vars(row), "find", Finders(without))  # what classify looks for
        pattern = re.compile(alternative, re.MULTILINE)
        if all(message.found() == row.cause for message, text in read if pattern.search(text)):
            needless.append(alternative)
    assert needless == []


@pytest.mark.parametrize("row", [row for row in TABLE if row.hints], ids=lambda row: row.cause)
def test_hints_stand_in_all_that_a_row_recognises(row: Row) -> None:
    """A hint only saves time: no message is missed for the lack of one. And each is needed."""
    found = re.compile("|".join(row.output), re.MULTILINE)
    recognised = [message.text.lower() for message in MESSAGES if found.search(message.text.lower())]
    assert [text for text in recognised if not any(hint in text for hint in row.hints)] == []
    assert [hint for hint in row.hints if not any(hint in text for text in recognised)] == []


def believed_unless_exited() -> list[Message]:
    """Messages that name a cause of the platform, without a condition's word and in words that programs print too."""
    sentences = re.compile("|".join(alternative for row in TABLE for alternative in row.sentences), re.MULTILINE)
    return [
        message
        for message in MESSAGES
        if not message.words
        and message.cause in OF_THE_PLATFORM
        and "137" not in message.text
        and not sentences.search(message.text.lower())
    ]


@pytest.mark.parametrize("message", believed_unless_exited(), ids=lambda message: message.text[:60])
def test_after_a_non_zero_exit_output_is_no_proof_of_what_the_platform_did(message: Message) -> None:
    """The same words are believed without an exit, and not with one: by the reason, or by the exit code."""
    assert classify(NON_ZERO, message.text) not in OF_THE_PLATFORM
    assert classify((), f"{message.text}\nThe container exited with code 1") not in OF_THE_PLATFORM
    assert classify((), f"The container exited with code 3: {message.text}") not in OF_THE_PLATFORM


@pytest.mark.parametrize(
    ("word", "cause"),
    [
        ("OOMKilled", "out_of_memory"),
        ("OOM_KILLED", "out_of_memory"),
        ("outofmemory", "out_of_memory"),
        ("TIMED_OUT", "timed_out"),
        ("TaskTimeout", "timed_out"),
        ("ErrImagePull", "image"),
        ("CreateContainerConfigError", "configuration"),
        ("Canceled", "cancelled"),
        ("NodeLost", "platform"),
        ("workspace-quota-exceeded", "quota"),
        ("AccessDenied", "permission"),
        ("SIGSEGV", "crash"),
        ("SIGKILL", "killed"),
        ("SIGTERM", "signal"),
        ("ExitCode", "exit_code"),
    ],
)
def test_a_reason_tells_the_cause_however_it_is_spelled(word: str, cause: Cause) -> None:
    """CamelCase, UPPER_CASE and plain words of a reason are one and the same."""
    assert classify([word], "") == cause


@pytest.mark.parametrize("word", ["Completed", "BathroomError", "Started", "Retry", "Imagination", "PlatformsSynced"])
def test_a_word_that_only_contains_another_is_unknown(word: str) -> None:
    """Reasons are read by whole words."""
    assert classify([word], "") == "unknown"


def test_a_reason_of_the_platform_beats_what_a_program_printed() -> None:
    """The condition knows better than the log who ended a task."""
    assert classify(["Preempted"], "ConnectionResetError: [Errno 104] Connection reset by peer") == "platform"
    assert classify(["OOMKilled"], "RuntimeError: CUDA out of memory") == "out_of_memory"
    assert classify(["Cancelled"], "Task timed out while cancelling") == "cancelled"
    assert classify(["Preempted"], "MemoryError", seconds=40, timeout=600) == "platform"
    assert classify(["Preempted"], "Out of memory", seconds=40, timeout=600) == "platform"
    assert classify(["Timeout"], "Out of memory") == "timed_out"


@pytest.mark.parametrize(
    ("seconds", "timeout", "cause"),
    [
        (600, 600, "timed_out"),
        (590, 600, "timed_out"),
        (1900, 600, "timed_out"),
        (40, 600, "unknown"),
        (None, 600, "timed_out"),
        (40, None, "timed_out"),
        (40, 0, "timed_out"),
    ],
)
def test_a_timeout_must_fit_the_tasks_own_duration(seconds: float | None, timeout: int | None, cause: Cause) -> None:
    """A task that ran 40 s under 600 s did not reach its timeout, whatever its condition says."""
    assert classify(["Timeout"], "Task timed out", seconds=seconds, timeout=timeout) == cause


def test_a_tasks_duration_makes_its_output_believed() -> None:
    """After a non-zero exit, `timed out` counts only for a task that ran as long as it might."""
    line = "Task task-3 timed out after 600 seconds"
    assert classify(NON_ZERO, line, seconds=600, timeout=600) == "timed_out"
    assert classify(NON_ZERO, line, seconds=300, timeout=600) == "exit_code"
    assert classify(NON_ZERO, line) == "exit_code"


def test_a_task_that_ran_was_not_kept_waiting_by_a_quota() -> None:
    """Words about capacity explain only a task that never started, unless the condition's reason has them."""
    assert classify((), "Insufficient capacity in region us-pdx-1", seconds=0) == "quota"
    assert classify((), "Insufficient capacity in region us-pdx-1", seconds=40) == "unknown"
    assert classify(["QuotaExceeded"], "", seconds=40) == "quota"


@pytest.mark.parametrize(
    ("codes", "cause"),
    [
        ((126, 127), "missing_dependency"),
        ((132, 134, 135, 136, 139, -11, -6), "crash"),
        ((137, -9), "killed"),
        ((129, 130, 143, -15), "signal"),
        ((1, 2, 124, 128, 255), "exit_code"),
        ((0,), "unknown"),
    ],
)
def test_an_exit_code_tells_a_cause_in_every_spelling(codes: tuple[int, ...], cause: Cause) -> None:
    """Platforms, runtimes and Python's subprocess say it each in their own way."""
    spellings = ("exited with code {}", "exit status {}", "exit code: {}", "exitCode={}", "Container called exit({}).")
    for code in codes:
        assert {classify((), spelling.format(code)) for spelling in spellings} == {cause}


def test_every_exit_code_has_its_cause() -> None:
    """Codes of 128 and more and those below zero are signals; all that says nothing else is a plain exit."""
    crashes, kills = {132, 134, 135, 136, 139, -4, -6, -7, -8, -11}, {137, -9}
    signals = {*range(129, 160), *range(-31, 0)}
    for code in range(-255, 256):
        for codes, cause in (
            (crashes, "crash"),
            (kills, "killed"),
            (signals, "signal"),
            ({126, 127}, "missing_dependency"),
            ({0}, "unknown"),
            (range(-255, 256), "exit_code"),
        ):
            if code in codes:
                assert classify((), f"exit code {code}") == cause, code
                break


def test_an_exit_code_behind_the_line_is_read() -> None:
    """The line that tells leaves it out, the message has it."""
    message = "INFO loading shards\nWARNING connection reset by peer, retrying\nThe container exited with code 139"
    assert classify((), "WARNING connection reset by peer, retrying", message=message) == "crash"


def test_the_exceptions_that_led_to_the_last_one_are_asked_where_it_says_nothing() -> None:
    """An exception that wraps another one is told by the deepest."""
    message = "Error: load failed\n    at main (/app/x.js:3:9)\n  [cause]: Error: connect ECONNREFUSED 10.0.0.3:6379"
    assert classify(NON_ZERO, "Error: load failed", message=message) == "network"
    assert classify((), "load failed", message="load failed\nCaused by: connection refused") == "network"


def test_an_exception_that_nobody_caught_ends_the_program() -> None:
    """With a non-zero exit, whether or not the message says so."""
    for head in ("Traceback (most recent call last):", "panic: boom", "goroutine 1 [running]:", "Unhandled exception."):
        assert classify((), "row 17 has no price", message=f"{head}\nrow 17 has no price") == "exit_code"
    assert classify((), "row 17 has no price") == "unknown"


def test_a_row_finds_any_of_its_alternatives_in_any_line() -> None:
    """Where it has none of a kind, there is nothing to search by."""
    found = Row("crash", words=(r"\bsegv\b", "^ill$"), output=("^core dumped$",)).find
    assert found.words is not None
    assert found.output is not None
    assert [bool(found.words.search(text)) for text in ("sig segv", "one\nill\ntwo", "segvill", "i")] == [1, 1, 0, 0]
    assert [bool(found.output.search(text)) for text in ("a\ncore dumped\nb", "core dumped twice")] == [1, 0]
    assert (found.sentences, found.unless_exited) == (None, None)
    other = Row("crash", sentences=("a",), unless_exited=("b",)).find
    assert other.sentences is not None
    assert other.unless_exited is not None
    assert (other.sentences.pattern, other.unless_exited.pattern) == ("a", "b")
    assert (other.words, other.output) == (None, None)


def test_data_in_quotes_is_no_cause() -> None:
    """An error about a value quotes that value."""
    for error in ("KeyError", "ValueError", "AssertionError", "json.JSONDecodeError"):
        assert classify(NON_ZERO, f"{error}: 'No space left on device'") == "exit_code"
    assert classify(NON_ZERO, "OSError: 'No space left on device'") == "disk_full"


def test_a_status_that_a_test_wanted_is_no_cause() -> None:
    """What came instead is one."""
    for word in ("expected", "expecting", "wanted", "want"):
        assert classify(NON_ZERO, f"got status 200, {word} status 429") == "exit_code"
        assert classify(NON_ZERO, f"{word} status 200, got status 429") == "rate_limited"


def test_the_name_of_a_test_is_no_cause() -> None:
    """Tests are called after what they are about, in Go, TAP, JavaScript and Python."""
    lines = {
        "--- FAIL: connection refused (0.00s)": "exit_code",
        "not ok 3 connection refused": "exit_code",
        "✗ connection refused": "exit_code",
        "FAILED tests/test_net.py::test_connection refused - assert 1 == 2": "exit_code",
        "connection refused": "network",
    }
    assert {line: classify(NON_ZERO, line) for line in lines} == lines


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.cause)
def test_no_pattern_repeats_without_a_bound(row: Row) -> None:
    """What may repeat for ever makes hostile text slow."""
    patterns = (*row.words, *row.sentences, *row.unless_exited, *row.output)
    assert [pattern for pattern in patterns if re.search(r"(?<!\\)(?:[*+]|\{\d+,\})", pattern)] == []


FRAGMENTS = (
    *("a", " ", "\n", "1", "'", "İ", "image a:", "env var x ", "task 1 ", "exit code ", "exited with ", "429 "),
    *("killed by signal ", "out of memory ", "cuda ", "connection ", "error: ", "secret a", "\n    at x "),
    *("Caused by: x\n", "in _execute_child\nx\n", "x\n\nThe above exception was the direct cause"),
)


@pytest.mark.parametrize("fragment", FRAGMENTS)
def test_a_megabyte_is_read_like_its_ends(fragment: str) -> None:
    """Hostile repetition ends in time, and what stands in the middle is not read."""
    ends = fragment * (4000 // len(fragment) + 1)
    middle = fragment * (1_000_000 // len(fragment))
    long = f"{ends}{middle} Memory limit of 512 MiB exceeded with 519 MiB used. {middle}{ends}"
    assert classify(NON_ZERO, long) == classify(NON_ZERO, f"{ends}{ends}")


@given(st.text(), st.lists(st.sampled_from(FRAGMENTS), max_size=40), st.lists(st.text(max_size=20), max_size=3))
def test_any_text_has_a_cause(text: str, fragments: list[str], words: list[str]) -> None:
    """No text of a workload stops an answer."""
    message = text.join(fragments) + text
    cause = classify(words, text, message=message)
    assert cause in get_args(Cause)
    assert origin_of(cause, words, message) in {None, *get_args(Origin)}


@given(st.lists(st.sampled_from([message.text for message in believed_unless_exited()]), min_size=1, max_size=3))
def test_no_mixture_of_output_blames_the_platform_after_an_exit(lines: list[str]) -> None:
    """Whatever a program prints before it exits with code 1 was printed by the program."""
    output = "\n".join([*lines, "ValueError: loss is nan"])
    assert classify(NON_ZERO, "ValueError: loss is nan", message=output) not in OF_THE_PLATFORM


def test_every_cause_has_its_words() -> None:
    """A label for all but `unknown`, and advice for all whose advice depends on nothing else."""
    assert tuple(CAUSES) == get_args(Cause)
    assert tuple(dict.fromkeys(row.cause for row in TABLE)) == get_args(Cause)[:-1]
    assert {cause for cause, label in CAUSE_LABELS.items() if not label} == {"unknown"}
    assert {cause for cause, text in CAUSES.items() if not text.advice} == WITHOUT_ADVICE
    sentence = re.compile(r"[A-Z][^.]*\.")
    assert [text.advice for text in CAUSES.values() if text.advice and not sentence.fullmatch(text.advice)] == []


@pytest.mark.parametrize(
    ("cause", "origin"),
    [
        ("timed_out", "limits"),
        ("image", "configuration"),
        ("configuration", "configuration"),
        ("cancelled", None),
        ("platform", "platform"),
        ("quota", "limits"),
        ("gpu_memory", "program"),
        ("crash", "program"),
        ("killed", None),
        ("signal", None),
        ("missing_dependency", "program"),
        ("disk_full", "program"),
        ("rate_limited", "program"),
        ("permission", "program"),
        ("network", "program"),
        ("exit_code", "program"),
        ("unknown", None),
    ],
)
def test_whose_a_failure_is(cause: Cause, origin: Origin | None) -> None:
    """A signal may be anybody's; whatever else made a program end itself is its own matter."""
    assert origin_of(cause, NON_ZERO, "") == origin


@pytest.mark.parametrize(
    ("words", "message", "origin"),
    [
        (("OOMKilled",), "", "limits"),
        (NON_ZERO, "Memory limit of 512 MiB exceeded with 519 MiB used.", "limits"),
        ((), "Container was OOMKilled", "limits"),
        (NON_ZERO, "MemoryError", "program"),
        ((), "std::bad_alloc", None),
        (NON_ZERO, "FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory", "program"),
    ],
)
def test_memory_is_a_limit_only_where_the_platform_says_so(
    words: tuple[str, ...], message: str, origin: Origin | None
) -> None:
    """A heap that is full may be the program's own limit."""
    assert classify(words, message) == "out_of_memory"
    assert origin_of("out_of_memory", words, message) == origin


def test_whose_a_failure_is_stays_open_where_nothing_shows_that_the_program_ended_itself() -> None:
    """Something else may have ended it: that service, that disk, or that memory may be anybody's."""
    causes: list[Cause] = ["out_of_memory", "disk_full", "rate_limited", "permission", "network"]
    assert {origin_of(cause, (), "it did not work") for cause in causes} == {None}
    assert {origin_of(cause, (), "exit code 3") for cause in causes} == {"program"}


def test_every_origin_has_a_phrase() -> None:
    """The prose can say each."""
    assert set(ORIGIN_PHRASES) == set(get_args(Origin))
