"""Every budget, cap and threshold of an answer, each named once. Times are seconds.

Bytes are those of compact JSON in UTF-8 as it goes over the wire, where a quote, a backslash and a line break take two:
so a budget holds for the text that a client reads as well as for the message that carries it.
"""

PROSE_BYTES = 900
"""The longest prose about one execution, counted inside a JSON string."""
STRUCTURE_BYTES = 2_500
"""The largest `structuredContent` about one execution without its `raw`, as compact, unescaped JSON."""
RAW_NOTES_BYTES = 96
"""How much of that is kept free for what is said of `raw`: `masked`, `invisible` and `rawOmitted`."""
RAW_BYTES = 8_192
"""The most compact raw JSON that mode `auto` carries, unless BLAXEL_MCP_RAW_LIMIT says otherwise."""
ERROR_CHARACTERS = 700

MESSAGE_CHARACTERS = 200
NAME_CHARACTERS = 60
"""The longest name of a task, job or variable inside a sentence or list."""
STATUS_CHARACTERS = 40
IDENTITY_CHARACTERS = 100
URI_BYTES = 400
"""The longest `rawUri`; a longer one is left out, since a cut one would lead nowhere."""
FAILURE_GROUPS = 5
TASK_NAMES = 3
OVERRIDE_NAMES = 20

RAW_MISSES = 50
"""After so many tasks that are too large for the rest of `raw`, no further one is tried: they may be alike."""

MEDIAN_TASKS = 3
"""The fewest finished tasks of which a median says something."""
CLOCK_SKEW_SECONDS = 60
"""How far the API's clock may be ahead of ours before that is worth a warning."""

POLL_SECONDS = (15, 60)
"""Shortest and longest `pollAfterSeconds` of a running execution without an estimate: a tenth of its age."""
POLL_ESTIMATED_SECONDS = (15, 300)
"""Shortest and longest `pollAfterSeconds` of a running execution with an estimate: half of what is left."""
POLL_WAITING_SECONDS = (30, 600)
"""Shortest and longest `pollAfterSeconds` of an execution that waits to start: a tenth of its wait so far. The shortest
is that of one that is being cancelled, or has an unknown status."""

# When the times of an unfinished execution are worth a warning.
TIMEOUT_SHARE = 0.8
"""The share of its timeout from which an unfinished task or execution is close to it."""
TIMEOUT_SHOWN_SHARE = 0.5
"""The share of a timeout from which it is worth a word in the prose."""
TIMEOUT_REACHED_SHARE = 0.95
"""The share from which a timeout may have been what ended a task or an execution."""
LONGEST_TIMEOUT = 86_400
"""The longest timeout that a job may have, by Blaxel's own skill for coding agents."""
SLOWEST_MEDIANS = 1.5
"""From so many medians on, the slowest task is worth a word in the prose."""
TIMEOUT_CAME_CLOSE = 0.9
"""The share of its timeout from which a success came close to it."""
FAILING_FAST_TASKS = 5
FAILING_FAST_SHARE = 0.8
FAILING_FAST_ALL = 3
"""An execution fails fast when so many tasks and such a share of the finished ones failed, nearly all for one reason;
or when all finished ones failed, so many at least."""
STALL_MEDIANS = 4
STALL_SECONDS = 300
"""An execution has stalled when no task starts or ends for longer than this and than so many median tasks."""
UNUSUAL_SHARE = 0.25
"""A duration is unusual when it is outside the usual range by more than this share of the median, and by more than the
range is wide."""
DRIFT_FACTOR = 1.5
"""From so many times on, a job takes much longer than it did."""
OVERRUN_FACTOR = 2.0
"""An execution overruns from this many times its job's usual duration."""
QUEUED_SHOWN_SECONDS = 60
"""From how long a wait before the start on is it worth a word in the prose."""
QUEUED_SECONDS = 600
"""How long an execution waits to start before that is worth a warning."""
CANCELLING_SECONDS = 900
"""How long a cancellation may go without a change; running tasks finish first, so some time is normal."""

THREAD_TASKS = 1_000
"""An execution with more tasks is summarized in a thread: each takes up to 30 microseconds."""
THREAD_BYTES = 512 * 1024
"""So is one that arrived in more bytes: a long message takes a microsecond for each of the characters that are read."""
THREAD_LOG_CHARACTERS = 20_000
"""Lines of log with more characters are read in a thread."""

# What is looked up beside a list of jobs.
OVERVIEW_JOBS = 20
"""Of how many jobs the newest executions are looked up."""
OVERVIEW_EXECUTIONS = 10
"""How many executions of each job: enough to tell how long it usually takes, and whether it ran when it was due."""
OVERVIEW_SECONDS = 5.0
OVERVIEW_CACHE_SECONDS = 30

# Schedules.
SCHEDULE_SLACK_SECONDS = 600
"""How long after it was due a job's execution may be created without being late."""
SCHEDULE_MISSED_SECONDS = 3_600
"""How long after it was due an execution that was not created counts as missed rather than late."""
SCHEDULE_CHARACTERS = 300
"""The longest cron expression that is read: every minute of an hour by its number takes half as much."""
SCHEDULE_TRIGGERS = 5
"""How many cron triggers of a job are looked at; an expression that never comes due takes milliseconds."""

# What an estimate of the time left is based on.
BASIS_TASKS = 3
"""The fewest finished tasks of the execution itself that make a basis."""
BASIS_EXECUTIONS = 3
"""The fewest recent successful executions of the job that make a basis."""
HISTORY_EXECUTIONS = 20
"""How many executions tell how a job has been doing and how long it usually takes."""
HISTORY_LISTED = 30
"""How many of a job's newest executions are listed, to find so many before one that need not be the newest."""
HISTORY_CACHE_SECONDS = 300

# What is looked up beside an execution for the answer about it.
LOOKUP_SECONDS = 3.0
"""How long an answer waits for all of it together."""
LOOKUP_CALLS_FAILED = 6
LOOKUP_CALLS_SUCCEEDED = 2
LOOKUP_CALLS_UNFINISHED = 3
"""The most calls of one answer, the one for the execution included."""
LOOKUP_CALLS_VIEW = 9
"""The most calls of one view: also for LIST_TASK_PAGES pages of tasks, whatever the execution's outcome."""
LOOKUP_CACHE_SECONDS = 600
"""How long what was looked up for an execution that is over is kept."""
LOOKUP_UNFINISHED_SECONDS = 60
"""How long what may soon be more is kept, of an execution that is not over or of its log: each page of tasks costs the
API a whole read."""
LOOKUP_FAILURE_SECONDS = 60
"""How long a look-up that failed is not tried again, so that a slow one does not delay every answer."""
LOOKUP_CACHE_BYTES = 1_000_000
"""Tasks whose JSON is larger are not kept."""
EVIDENCE_LINES = 3
EVIDENCE_LINES_READ = 100
"""How many lines of log are shown as evidence, and are read for them."""

# The picture of an execution.
VIEW_BYTES = 64 * 1024
"""The largest view, as compact JSON: hosts may cut results that are larger."""
LANES = 60
"""An execution of so many tasks has a lane for each of them."""
LANES_OF_MANY = 24
"""How many tasks that went wrong have a lane, of an execution of more tasks."""
LANES_FILLED = 12
"""Where fewer went wrong, those that ran longest have lanes, up to so many in all."""
VIEW_SPANS = 240
VIEW_WAIT_SECONDS = 30 * 86_400
"""A creation so long before everything else is a mistake, and no place to begin a picture."""
VIEW_RUNS = 20
"""How many executions of the job are shown beside it, itself included."""

# Logs.
LOG_BYTES = 16 * 1024
"""The largest answer with lines of log, in each channel."""
LOG_FRAME_BYTES = 2_500
"""How many of LOG_BYTES are kept free for everything but the lines."""
LOG_CHARACTERS = 500
"""The longest line; a longer one is cut."""
LOG_LINES = 500
LOG_LINES_USUAL = 50
"""How many lines a caller may ask for, and gets without asking."""
LOG_RANGE_SECONDS = 3 * 86_400 - 60
"""The longest time that is searched: the API takes three days in one call, and bounds may be moved by a second."""
LOG_BEFORE_SECONDS = 60
LOG_AFTER_SECONDS = 120
"""How much time is searched before an execution's creation and after its end: lines arrive up to a minute late."""

# Waiting.
WAIT_SECONDS_USUAL = 30
WAIT_SECONDS = 600
"""The longest wait. Many clients give a call up after 60 seconds, so only some can use it."""
WAIT_SAFE_SECONDS = 45
"""The longest wait that leaves those clients time for the rest of the way."""
WAIT_MARGIN_SECONDS = 2.0
"""Added to the time to wait, for a last poll that takes longer than the one before."""
WAIT_FIRST_SECONDS = 30
"""The budget of the first poll, however short the wait: it must tell how things stand, as get_job_execution does."""
WAIT_PROGRESS_SECONDS = 10.0
"""The longest time between two notifications of progress."""
WAIT_PROSE_BYTES = 250
WAIT_STRUCTURE_BYTES = 400
"""The largest answer of a wait whose time was up first, in each channel."""

# Lists of jobs, executions and tasks.
LIST_BYTES = 3_000
"""The largest answer with rows, in each channel."""
ID_BYTES = 512
"""The longest id or name in a row, as JSON: the next call asks by it. A longer one is cut like any other identity."""
LIST_JOBS = (20, 50)
LIST_EXECUTIONS = (10, 50)
LIST_TASKS = (20, 100)
"""How many rows a caller gets without asking, and may ask for."""
LIST_PAGE = 200
"""The API's largest page of jobs, and of tasks."""
LIST_EXECUTIONS_PAGE = 100
"""The API's largest page of executions: as many are searched for those with a status."""
LIST_TASK_PAGES = 5
"""How many pages of tasks are read where an execution comes without its tasks; each costs the API a whole read."""
CURSOR_BYTES = 1_000
"""The longest cursor of the API's that is passed on; a longer one leaves no room for rows."""

# Comparing two executions.
COMPARE_BYTES = 3_000
"""The largest answer, in each channel."""
COMPARE_CALLS = 5
"""The most calls of one comparison: the executions, the list to find them in, and what is looked up beside them."""
SLOWED_FACTOR = 1.5
SLOWED_SECONDS = 5
"""A task has slowed down when it took so many times what was to be expected, and so many seconds more."""
DRIFT_TASKS = 5
"""The fewest tasks that tell whether tasks in general became slower or faster."""
DRIFT_SHOWN = 1.2
"""From how many times on, to either side, that is worth a word."""
SAME_NAMES_SHARE = 0.5
"""The share of tasks that must have the same names in both executions, unless the names are made alike."""
