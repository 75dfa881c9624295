"""Every budget, cap and threshold of an answer, each named once. Bytes are UTF-8; times are seconds."""

PROSE_BYTES = 900
"""The longest prose about one execution, counted inside a JSON string."""
STRUCTURE_BYTES = 2_500
"""The largest `structuredContent` about one execution without its `raw`, as compact, unescaped JSON."""
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

POLL_SECONDS = (10, 60)
"""Shortest and longest `pollAfterSeconds` of a running execution without an estimate: a tenth of its age."""
POLL_ESTIMATED_SECONDS = (5, 300)
"""Shortest and longest `pollAfterSeconds` of a running execution with an estimate: half of what is left."""
POLL_WAITING_SECONDS = 30
"""`pollAfterSeconds` of an execution that waits to start, is being cancelled, or has an unknown status."""

# When the times of an unfinished execution are worth a warning.
TIMEOUT_SHARE = 0.8
"""The share of its timeout from which an unfinished task or execution is close to it."""
STALL_MEDIANS = 4
STALL_SECONDS = 300
"""An execution has stalled when no task starts or ends for longer than this and than so many median tasks."""
OVERRUN_FACTOR = 2.0
"""An execution overruns from this many times its job's usual duration."""
QUEUED_SECONDS = 600
"""How long an execution waits to start before that is worth a warning."""
CANCELLING_SECONDS = 900
"""How long a cancellation may go without a change; running tasks finish first, so some time is normal."""

# What an estimate of the time left is based on.
BASIS_TASKS = 3
"""The fewest finished tasks of the execution itself that make a basis."""
BASIS_EXECUTIONS = 3
"""The fewest recent successful executions of the job that make a basis."""
HISTORY_EXECUTIONS = 20
"""How many recent executions are read to tell how a job has been doing and how long it usually takes."""
HISTORY_CACHE_SECONDS = 300

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

# Waiting. The longest wait and its margin stay under the 60 seconds after which many clients give up.
WAIT_SECONDS_USUAL = 30
WAIT_SECONDS = 45
WAIT_MARGIN_SECONDS = 2.0
"""Added to the time to wait, for a last poll that takes longer than the one before."""
WAIT_FIRST_SECONDS = 30
"""The budget of the first poll, however short the wait: it must tell how things stand, as get_job_execution does."""

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
