"""What is folded in a line, so that tasks that failed alike are one group, and what is not."""

import string

from hypothesis import given
from hypothesis import strategies as st

from blaxel_mcp.summary.fingerprint import FOLDED_CHARACTERS, fingerprint, is_named

SAME = [
    ("disk full", "disk\nfull"),
    ("disk full", "disk\tfull"),
    ("disk full", "disk  full"),
    ("rows 5 lost", "rows 1 2 3 lost"),
    ("error on shard 1", "error on shard 23"),
    ("1 row has no price", "3 rows have no price"),
    ("1 row was skipped", "1,204 rows were skipped"),
    ("cannot parse 1 entry", "cannot parse 12 entries"),
    ("1 case failed", "7 cases failed"),
    ("lost 1 batch", "lost 4 batches"),
    ("at 2026-01-02T03:04:05.678Z", "at 2025-11-22T13:14:15Z"),
    ("at 2026-01-02 03:04:05 UTC", "at 2025-11-22 13:14"),
    ("expired on Mon, 24 Nov 2026 12:00:00 GMT", "expired on Wed, 3 Dec 2025 01:02:03 GMT"),
    ("request 9f2c41d7-1c33-4c62-9f0e-2d5a1b0c9d8e", "request a40c95ee-66d7-4d55-85a7-154337f5a561"),
    ("commit 3f2a9bc", "commit 00aa17e4c9"),
    ("cannot read /data/in/a.tiff", "cannot read /srv/b/c.png"),
    ("cannot read s3://bucket/a", "cannot read https://host.example/b?c"),
    ("cannot read 'in/a.csv'", "cannot read 'out/b.csv'"),
    ("no key 'order-17'", "no key 'order-9'"),
    ('no key "a 17"', 'no key "b 9 c"'),
    ("to 10.12.0.7:5432 refused", "to db-3.internal:5432 refused"),
    ("to [::1]:80 refused", "to [fe80::2]:8080 refused"),
    ("missing rows 1, 2, 3 of it", "missing rows 17 of it"),
    ("line one\n\tline 2", "line one line 3"),
    ("pointer 0xdeadbeef", "pointer 0x0badf00d"),
    ("no answer after 30 seconds", "no answer after 1 minute"),
    ("no answer after 1h 5m", "no answer after 900s"),
    ("file of 12 MB is too large", "file of 1.5 GiB is too large"),
    ("Error: row 5 is bad", "error: row 77 is bad"),
    ("RuntimeError: 3 files lost", "RuntimeError: 1 file lost"),
    ("returned 450 rows", "returned 512 rows"),
    ("product code 1234 unknown", "product code 99 unknown"),
    ("invoice INV-2931 unpaid", "invoice INV-7 unpaid"),
    ("分片 12 失败", "分片 3 失败"),
    ("第12个分片失败", "第3个分片失败"),
    (
        "role/x-1 is not authorized to perform: ec2:RunInstances",
        "role/y is not authorized to perform: ec2:RunInstances",
    ),
    (
        "FileNotFoundError: [Errno 2] No such file or directory: '/a/1'",
        "FileNotFoundError: [Errno 2] No such file or directory: '/b/2'",
    ),
]
DIFFERENT = [
    ("an i/o error", "an a/b error"),
    ("lost and/or late", "lost a/b late"),
    ("a tcp/ip failure", "an a/b failure"),
    ("disk full", "disk missing"),
    ("AccessDenied on s3:GetObject", "AccessDenied on s3:PutObject"),
    ("not authorized to perform: ec2:RunInstances", "not authorized to perform: ec2:StopInstances"),
    ("don't panic, it's fine", "don't worry, it's fine"),
    ("error on shard 1", "warning on shard 1"),
    ("exited with code 1", "exited with code 2"),
    ("exit code: 1", "exit code: 137"),
    ("exit status 1", "exit status 2"),
    ("exited with 126", "exited with 127"),
    ("exit 3", "exit 4"),
    ("killed by signal 9", "killed by signal 15"),
    ("code=exited, status=1", "code=exited, status=137"),
    ('{"code": 404}', '{"code": 503}'),
    ("HTTP 404", "HTTP 500"),
    ("HTTP/1.1 502 from api", "HTTP/1.1 503 from api"),
    ("the API returned 503 for it", "the API returned 404 for it"),
    ("status code 401", "status code 403"),
    ("HTTPError: 401 Client Error", "HTTPError: 500 Client Error"),
    ("OSError: [Errno 2] a", "OSError: [Errno 28] a"),
    ("failed (os error 2)", "failed (os error 13)"),
    ("SQLSTATE[HY000] x", "SQLSTATE[42S02] x"),
    ("ORA-12541: TNS", "ORA-00942: TNS"),
    ("error code 5", "error code 6"),
    ("ERROR 1045 (28000): x", "ERROR 2002 (28000): x"),
    ("rc=1", "rc=2"),
    ("error[E0432]: x", "error[E0433]: x"),
    ("a.ts: error TS2304: x", "a.ts: error TS2305: x"),
    ("KeyError: 'price'", "KeyError: 'customer_id'"),
    ("No module named 'numpy'", "No module named 'xgboost'"),
    ("No module named 'psycopg2'", "No module named 'boto3'"),
    ('relation "orders" does not exist', 'relation "users" does not exist'),
    ("no column `first name` here", "no column `age` here"),
    ("(psycopg2.OperationalError) x", "(psycopg2.ProgrammingError) x"),
    ("sqlite3.OperationalError: x", "sqlite3.IntegrityError: x"),
    ("I/O error", "TLS/SSL error"),
    ("第12个分片失败", "第12个分片超时"),
    ("request 12 timed out", "request 12 refused"),
    ("3 rows lost", "3 files lost"),
    ("", "x"),
]


def test_what_varies_between_like_failures_is_folded() -> None:
    """Counts, times, ids, paths, addresses and quoted values do not make two failures different."""
    assert [pair for pair in SAME if fingerprint(pair[0]) != fingerprint(pair[1])] == []


def test_what_tells_failures_apart_is_kept() -> None:
    """Words, quoted ones included, codes and classes tell failures apart; an apostrophe is no quotation mark."""
    assert [pair for pair in DIFFERENT if fingerprint(pair[0]) == fingerprint(pair[1])] == []


def test_a_fingerprint_is_the_line_with_a_mark_for_what_varies_and_its_codes_behind_it() -> None:
    """To the letter: in lower case, in single blanks, one mark for several varying words in a row."""
    expected = {
        "": " ",
        "Disk FULL": " disk full",
        "disk\nfull": " disk full",
        "disk\tfull": " disk full",
        "disk  full": " disk full",
        'no key "a 17 b" found': " no key # found",
        "no key 'a 17 b' found": " no key # found",
        "no key `a 17 b` found": " no key # found",
        'no key "a b" found': ' no key "a b" found',
        "an i/o failure and/or a tcp/ip one": " an i-o failure and-or a tcp-ip one",
        "lost a/b soon": " lost # soon",
        "第12个分片失败": " 第 # 个分片失败",
        "2 µs soon": " # soon",
        "rows 1 2 3 lost": " rows # lost",
        "5 mb 6 mb left": " # left",
        "1 row lost": " # row lost",
        "3 rows, lost": " # row, lost",
        "3 entries were bad": " # entri bad",
        "expired on Mon, 24 Nov 2026 12:00:00 GMT": " expired on #",
        "psycopg2.Timeout: x": " # x",
        "psycopg2.DataError: x": " psycopg2.dataerror: x",
        "psycopg2.DataException: x": " psycopg2.dataexception: x",
        "failed with code 5": " failed with code #\x005",
        "exit code 3": " exit code #\x003",
        "exit 3": " exit #\x003",
        "status=5": " #\x005",
        "signal 9": " signal #\x009",
        "http 404": " http #\x00404",
        "[Errno 28] full": " [errno # full\x0028",
        "Error 1045: x": " error # x\x001045",
        "error: got 503 found": " error: got # found\x00503",
        "it returned 503 tonight": " it returned # tonight\x00503",
        "the response was 404 tonight": " the response was # tonight\x00404",
        "it gave 503 tonight": " it gave # tonight",
        "E0432: no serde": " # no serde\x00E0432",
        "rule E0432 broken": " rule # broken",
        "it returned E0432 tonight": " it returned # tonight",
        "an error E0432 tonight": " an error # tonight\x00E0432",
        "sqlstate[hy000] x": " # x\x00hy000",
        "rc=1": " #\x001",
        "ORA-12541: x": " # x\x00ora-12541",
        "denied: s3:GetObject": " denied: #\x00s3:GetObject",
        "not authorized to ec2:RunIt": " not authorized to #\x00ec2:RunIt",
        "read s3:GetObject now": " read # now",
        "No module named 'psycopg2'": " no module named #\x00psycopg2",
        "exit code 1, errno 2, signal 9": " exit code # errno # signal #\x001 9 2",
        "exit code 1 rc=2 ora-3333 sqlstate[hy000] no module named x": (
            " exit code # no module named x\x001 hy000 2 ora-3333 x"
        ),
        "exit code 1 http 404 tonight": " exit code # http # tonight\x001 404",
        "exit code 1 returned 503 tonight": " exit code # returned # tonight\x001 503",
        "x" * 1_000: " " + "x" * 1_000,
        "x" * 1_001: f" {'x' * 500} {'x' * 500}",
    }
    assert {line: fingerprint(line) for line in expected} == expected


def test_the_name_of_the_task_is_folded() -> None:
    """Names without a digit are folded too, but never a code that looks like a name."""
    assert fingerprint("worker alpha died", "Alpha") == fingerprint("worker beta died", "beta") == " worker # died"
    assert fingerprint("ab died", "AB") == " # died"
    assert fingerprint("a died", "A") == " a died"
    assert fingerprint("exit code 12", "12") != fingerprint("exit code 13", "13")


def test_a_line_may_name_its_task() -> None:
    """In whatever case; a name of one character stands in any line."""
    assert [is_named("Worker alpha died", name) for name in ("Alpha", "WO", "w", "", "beta")] == [1, 1, 0, 0, 0]


def test_a_long_line_goes_by_its_ends() -> None:
    """The middle of a long line is not read."""
    half = "x" * FOLDED_CHARACTERS
    assert fingerprint(f"{half} a {half}") == fingerprint(f"{half} b {half}")
    assert fingerprint(f"{half} a") != fingerprint(f"{half} b")


WORDS = st.sampled_from(
    ["connect", "load", "parse", "table", "column", "bucket", "denied", "refused", "lost", "empty", "wrong", "zip"]
)
DIGITS = st.integers(0, 10**9).map(str)
VARYING = {
    "id": DIGITS.map("task-{}".format),
    "number": DIGITS,
    "uuid": st.uuids().map(str).filter(lambda text: any(map(str.isdigit, text.split("-", maxsplit=1)[0]))),
    "path": st.lists(st.text(string.ascii_lowercase, min_size=1, max_size=8), min_size=1, max_size=4).map(
        lambda parts: "/" + "/".join(parts)
    ),
    "address": st.ip_addresses(v=4).map("{}:5432".format),
    "time": st.datetimes().map(lambda moment: moment.isoformat() + "Z"),
    "quoted": DIGITS.map("'row {} of it'".format),
    "size": st.tuples(DIGITS, st.sampled_from(["MB", "GiB", "bytes", "KB"])).map(" ".join),
    "duration": st.tuples(DIGITS, st.sampled_from(["s", "ms", "minutes", "h"])).map(" ".join),
    "hash": st.integers(16**30, 16**31).map("a1{:x}".format),
}
TEMPLATES = st.lists(st.one_of(WORDS, st.sampled_from([f"<{name}>" for name in VARYING])), min_size=1, max_size=8)


def filled(template: list[str], data: st.DataObject) -> str:
    """The template with a value for each of its varying parts."""
    return " ".join(data.draw(VARYING[part[1:-1]]) if part[0] == "<" else part for part in template)


@given(TEMPLATES, st.data())
def test_instances_of_one_template_are_one(template: list[str], data: st.DataObject) -> None:
    """Whatever the varying parts are, the fingerprint is the same."""
    assert fingerprint(filled(template, data)) == fingerprint(filled(template, data))


@given(TEMPLATES, TEMPLATES, st.data())
def test_instances_of_templates_with_other_words_are_apart(
    one: list[str], other: list[str], data: st.DataObject
) -> None:
    """Templates whose fixed words differ never come together."""
    if [part for part in one if part[0] != "<"] != [part for part in other if part[0] != "<"]:
        assert fingerprint(filled(one, data)) != fingerprint(filled(other, data))


@given(
    st.sampled_from(
        ["exit code {}", "exited with code {}", "signal {}", "HTTP {}", "[Errno {}] x", "rc={}", "status={}"]
    ),
    st.sets(st.integers(100, 599), min_size=2, max_size=2),
    TEMPLATES,
    st.data(),
)
def test_codes_are_apart_in_any_company(code: str, numbers: set[int], template: list[str], data: st.DataObject) -> None:
    """Two codes are two failures, whatever else the line says."""
    one, other = (f"{code.format(number)} {filled(template, data)}" for number in numbers)
    assert fingerprint(one) != fingerprint(other)


@given(st.text(max_size=3_000), st.text(max_size=10))
def test_any_text_has_a_fingerprint(line: str, name: str) -> None:
    """Nothing raises, and a fingerprint has no more than the text and its codes."""
    assert len(fingerprint(line, name)) <= 6 * FOLDED_CHARACTERS
