"""The table of causes: how each is recognised, read from the top; the first row that matches wins.

Specific rows stand before general ones, and what the platform says before what a program printed. Words of Google
Cloud Run v2 and of Kubernetes are here because the shape of Blaxel's conditions and its task states match those
APIs; Blaxel publishes no list of its own.

All text is read in lower case, `^` and `$` are ends of lines, and no pattern repeats without a bound. Most patterns
begin with a plain letter, which makes a miss quick.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, TypeAlias

Cause: TypeAlias = Literal[
    "out_of_memory",
    "timed_out",
    "image",
    "configuration",
    "cancelled",
    "platform",
    "quota",
    "gpu_memory",
    "crash",
    "killed",
    "signal",
    "missing_dependency",
    "disk_full",
    "rate_limited",
    "permission",
    "network",
    "exit_code",
    "unknown",
]


@dataclass(frozen=True)
class Row:
    """A cause and what shows it. Every sequence holds alternatives; an empty one shows nothing.

    Attributes:
        cause: what the row is sure of.
        words: in a condition's `reason`, `executionReason` and `type`, read as lower-case words with single spaces:
            `OOMKilled` and `OOM_KILLED` are both `oom killed`.
        sentences: what only the platform or the kernel says, believed wherever it stands in the message.
        unless_exited: what the platform says, but programs print too: believed only as long as nothing shows that
            the program ended itself.
        output: what programs print about themselves or about what they use, believed in the telling line.
        hints: one of these stands in all that `output` recognises. Looking for them first makes most lines quick.
        codes: exit codes; one below zero is minus a signal, as Python's subprocess has it.
    """

    cause: Cause
    words: tuple[str, ...] = ()
    sentences: tuple[str, ...] = ()
    unless_exited: tuple[str, ...] = ()
    output: tuple[str, ...] = ()
    hints: tuple[str, ...] = ()
    codes: frozenset[int] = frozenset()

    @cached_property
    def find(self) -> "Finders":
        """The alternatives as patterns, compiled when a failure is first judged by them: start-up must not wait."""
        return Finders(self)


class Finders:
    """The compiled alternatives of a row; `None` for an empty sequence."""

    __slots__ = ("output", "sentences", "unless_exited", "words")

    def __init__(self, row: Row) -> None:
        self.words = _compile(row.words)
        self.sentences = _compile(row.sentences)
        self.unless_exited = _compile(row.unless_exited)
        self.output = _compile(row.output)


def _compile(alternatives: Iterable[str]) -> re.Pattern[str] | None:
    joined = "|".join(alternatives)
    return re.compile(joined, re.MULTILINE) if joined else None


# Where a sentence of the platform begins: on its own, or behind the words that hand a message on.
_BEGIN = r"(?:^|failed with message: )(?:the |this |your )?"
_TASK = _BEGIN + r"(?:task|execution|job|container)\b"
_TIME_LIMIT = r"(?:its |the )(?:\w{1,20} ){0,2}(?:timeout|time limit|deadline|run ?time|execution time)\b"
_HOST = (
    r"(?:^|[;.] |\b(?:task|execution|job)\b[^\n:]{0,80}: )(?:the |its )?(?:underlying )?(?:host|node|instance|vm)"
    r"(?: running (?:this|the) task)?(?: was| has been| is being)? "
)
# Whose memory it is, right before the words: a database's or a graphics card's is another matter.
_OF_THE_TASK = r"(?:^|\b(?:task|execution|job|container|process)\b[^\n:]{0,60}[: ]|\d[:;,.] )"
# A status or code that an HTTP service answered: the number alone may count anything.
_HTTP = (
    r"(?:status|code|http(?:/[\d.]{1,3})?|(?<!value)(?<!assertion)error|returned|responded(?: with)?)[\"']?[ :=(]{1,3}"
)
_NOT_COUNTED = r"\b(?! (?:of|rows|items|records|lines|files|results|bytes|entries|values|points|columns)\b)"

_VARIABLE = r"env(?:ironment)? var(?:iable)?s?\b[^.;\n]{0,60} "
_CONNECT = r"(?:can't|cannot|could not|failed to|unable to) connect to (?:the )?"
_SIGNALLED = r"(?:(?:killed|terminated|died|exited|stopped|ended) (?:by|on|with|from)|received|caught) signal:? \(?"

TABLE: tuple[Row, ...] = (
    # What the platform says.
    Row(
        "out_of_memory",
        words=(r"\bout ?of ?memory\b", r"\boom(?: ?kill(?:ed|er)?)?\b", r"\bmemory (?:limit|exceeded)\b"),
        sentences=(
            r"memory limit of [\d.,]{1,12} ?[kmgt]?i?b? (?:was )?exceeded with",
            r"configured memory limit was reached",
            r"out of memory: killed process \d",
        ),
        unless_exited=(
            _OF_THE_TASK + r"(?:ran |is |was )?out of memory(?:$|[.:,!)]| \(| (?:on|in|at) )",
            r"\boom[ -]?kill(?:ed|er)\b|\(oom\)",
            _OF_THE_TASK + r"(?:has )?exceed(?:ed|s) (?:its |the )?memory limit\b",
            _BEGIN + r"(?:task |container )?memory limit (?:was |has been )?(?:exceeded|reached)\b",
        ),
    ),
    Row(
        "timed_out",
        words=(r"^(?:task |execution |job )?(?:time ?out|timed out)\b", r"\bdeadline exceeded\b", r"\btime limit\b"),
        sentences=(
            r"(?:terminated|stopped|killed) after [\d.,]{1,12} ?s\w{0,10}: exceeded its time ?(?:out|limit)",
            r"because it (?:has reached the maximum timeout of|ran longer than its timeout)",
            r"was active (?:on the node )?longer than (?:the )?specified deadline",
            r"configured (?:\w{1,20} )?timeout was reached",
        ),
        unless_exited=(
            _TASK + r"(?: (?=\S{0,80}\d)\S{1,80})? (?:has |was )?timed[ -]?out\b",
            _TASK + r"[^\n.:;]{0,60} (?:exceed|reach|finish|complet)(?:e?d|es)? (?:with)?(?:in )?" + _TIME_LIMIT,
            _TASK + r"[^\n]{0,40} timeout (?:of [\d.,]{1,12} ?\w{1,10} )?(?:was )?(?:exceeded|reached)",
            _BEGIN + r"maximum (?:run|execution) ?time (?:of [\d.,]{1,12} ?\w{1,10} )?(?:was )?(?:exceeded|reached)",
        ),
    ),
    Row(
        "image",
        words=(r"\bimage\b", r"\bcontainer missing\b"),
        sentences=(r"^exec(?: user process caused:?| /\S{1,200}:) exec format error",),
        unless_exited=(
            r"imagepullbackoff|errimage\w{0,10}pull|image pull failed",
            r"(?:failed to|unable to|cannot|could not) pull (?:and unpack |the )?(?:container |docker )?image\b",
            r"back-off pulling image",
            r"container image\b[^;\n]{0,80} not found\b",
            r"image [\"'`]?[a-z0-9][\w./-]{0,200}[:@][\w.:-]{1,200}[\"'`]? (?:was |is |could )?not (?:be )?found\b",
            r"manifest (?:unknown|for \S{1,200} not found)",
            r"pull access denied for ",
            r"no matching manifest for ",
            r"failed to resolve reference \"",
        ),
    ),
    Row(
        "configuration",
        words=(
            r"\bconfig(?:uration)?\b",
            r"\bsecrets?\b",
            r"\bencryption key\b",
            r"\binvalid (?:argument|environment|spec)\b",
            r"\bvpc network not found\b",
        ),
        sentences=(r"oci runtime create failed|unable to start container process",),
        unless_exited=(
            _BEGIN + r"(?:secret|config ?map) [\"'`]?[\w./-]{1,200}[\"'`]? (?:was |is )?not found\b",
            _BEGIN + r"(?:invalid|bad) (?:entry ?point|command)\b",
        ),
    ),
    Row(
        "cancelled",
        words=(r"\bcancell?(?:ed|ing|ation)\b", r"^deleted$"),
        unless_exited=(
            _BEGIN + r"cancell?ed by\b",
            _TASK
            + r"(?: (?=\S{0,80}\d)\S{1,80})? (?:was |has been |is being )?cancell?ed(?:$|[.:;,]| (?:by|because)\b)",
        ),
    ),
    Row(
        "platform",
        words=(
            r"^internal\b",
            r"\bpolling error\b",
            r"\brevision failed\b",
            r"\bpreempt(?:ed|ion)\b",
            r"\bspot interruption\b",
            r"\bevict(?:ed|ion)\b",
            r"\bnode (?:lost|shutdown)\b",
            r"\binfrastructure\b",
        ),
        unless_exited=(
            _HOST + r"(?:preempted|evicted|lost|rebooted|shut down|failed (?:and|while)|low on resource)",
            r"internal (?:server )?error (?:occurred )?(?:of|on|in) the platform",
            r"^internal platform error|^platform error[.!]?$|^an internal error occurred",
            _TASK + r"(?: (?=\S{0,80}\d)\S{1,80})? was (?:preempted|evicted)\b",
            r"^host maintenance|^spot (?:instance )?(?:interruption|reclaim)|^host (?:hardware )?failure",
        ),
    ),
    Row(
        "quota",
        words=(
            r"\bquota\b",
            r"\bresource exhausted\b",
            r"\bunschedulable\b",
            r"^limit exceeded\b",
            r"\bcapacity\b",
            r"\b(?:concurrency|concurrent|parallel)\b.{0,40}\b(?:limit|exceeded|reached)\b",
        ),
        unless_exited=(
            r"maximum (?:parallel|concurrent) executions\b",
            r"limit of [\d,]{1,12} (?:concurrent|parallel) \w{1,20} reached",
            r"reached its (?:limit|maximum) of [\d,]{1,12} (?:parallel|concurrent) ",
            r"workspace(?:'s)? quota\b",
            r"\d{1,6}/\d{1,6} nodes are available",
            r"(?:insufficient|not enough) (?:\w{1,20} )?capacity\b",
            r"(?:concurrent|parallel) executions? limit (?:was )?(?:reached|exceeded)",
            r"no capacity available",
            r"exceeded quota: |^quota exceeded[.!:]?(?:$| )(?!for )",
            r"waiting for \w{1,20} capacity",
        ),
    ),
    # What a program says of its own memory, then how it was ended: what it printed before that explains neither.
    Row(
        "gpu_memory",
        hints=(
            "memory",
            "alloc",
        ),
        output=(
            r"\b(?:cuda|hip|gpu|mps backend)(?:\b|_)[^\n]{0,60}out[ _]of[ _]memory",
            r"cudaerrormemoryallocation|cudamalloc (?:retry )?failed",
            r"cu(?:blas|dnn|fft|sparse|solver)_status_alloc_failed",
            r"oom when allocating tensor[^\n]{0,200}device:gpu",
            r"resource_exhausted: (?:out of memory|failed to allocate) ",
            r"cu(?:py|da)[\w.]{0,40}outofmemoryerror",
            r"(?:failed to|cannot|unable to|could not) allocate [^\n]{0,80}\b(?:cuda|gpu)",
            r"no available memory for the cache blocks|less than desired gpu memory",
        ),
    ),
    Row(
        "out_of_memory",
        hints=(
            "memor",
            "alloc",
            "errno 12]",
            "hauptspeicher",
            "mémoire",
            "内存",
        ),
        output=(
            r"(?<!outof)memoryerror\b",
            r"outofmemory(?:error|exception)\b(?!: (?:oom )?command not allowed)",
            r"std::bad_alloc",
            r"heap out of memory",
            r"can(?:no|')t allocate memory",
            r"errno 12\]",
            r"runtime: out of memory|^fatal error: out of memory",
            r"memory allocation of \d{1,20} bytes failed",
            r"cannot allocate vector of size|vector memory exhausted",
            r"unable to allocate [\d.]{1,12} [kmgtpe]ib for an array",
            r"allowed memory size of \d{1,15} bytes exhausted",
            r"oom when allocating tensor",
            r"nicht genügend hauptspeicher|no se pudo asignar memoria|impossible d'allouer de la mémoire|无法分配内存",
        ),
    ),
    Row(
        "crash",
        words=(r"\bsig ?(?:segv|abrt|bus|ill|fpe)\b",),
        hints=(
            "sig",
            "segment",
            "core dumped",
            "bus error",
            "illegal",
            "floating",
            "smash",
            "fatal python",
            "java runtime",
            "terminate called",
            "free",
            "alloc",
            "munmap",
            "corrupted",
            "overflow",
            "zugriff",
            "段错误",
        ),
        output=(
            r"segmentation fault\b|segmentation violation",
            r"core dumped\)",
            r"(?:^|: )(?:bus error|illegal instruction|floating point exception)(?:[.:]| \(|$)",
            r"sig(?:segv|abrt|bus|ill|fpe)\b",
            _SIGNALLED + r"(?:4|6|7|8|11)\b",
            r"stack smashing detected|fatal python error: aborted",
            r"double free or corruption|(?:free|malloc|malloc_consolidate|munmap_chunk)\(\): [a-z]",
            r"corrupted (?:size|double|top)",
            r"fatal runtime error: stack overflow|fatal error: unexpected signal during runtime",
            r"fatal error has been detected by the java runtime|terminate called without an active exception",
            r"speicherzugriffsfehler|段错误|violación de segmento|erreur de segmentation",
        ),
        codes=frozenset({132, 134, 135, 136, 139, -4, -6, -7, -8, -11}),
    ),
    Row(
        "killed",
        words=(r"\bsig ?kill\b", r"^killed$"),
        hints=(
            "kill",
            "signal",
        ),
        output=(
            r"signal: killed\b",
            r"sigkill\b",
            _SIGNALLED + r"9\b",
            r"^killed$",
            r"(?:\d\s{1,20}|\] )killed(?:\s{2}|$)|line \d{1,6}:\s{1,20}\d{1,9} killed ",
        ),
        codes=frozenset({137, -9}),
    ),
    Row(
        "signal",
        words=(r"\bsignal\b", r"\bsig ?(?:term|int|hup|quit|pipe|trap|usr[12])\b"),
        hints=(
            "sig",
            "terminated",
        ),
        output=(
            _SIGNALLED + r"\d{1,2}\b",
            r"(?:by|on|due to|received|got|caught|sent|signal:?) sig(?:term|int|hup|quit|pipe|trap|usr[12])\b",
            r"died with <signals\.sig|sig(?:term|int|hup|quit) received|^terminated$",
        ),
        codes=frozenset({*range(129, 160), *range(-31, 0)}),
    ),
    # What a program says it lacked.
    Row(
        "missing_dependency",
        sentences=(r"in _execute_child\n(?:[^\n]{0,300}\n){0,6}filenotfounderror: ",),
        hints=(
            "module",
            "package",
            "not found",
            "notfound",
            "cannot",
            "could not",
            "classdef",
            "importerror",
            "bindings",
            "library",
            "class ",
            "failed to",
            "env:",
            "spawn",
            "locate",
            "your path",
            "dependency",
            "distribution",
            "recognized",
            "nicht gefunden",
            "encontrada",
            "introuvable",
            "命令",
            "loading",
        ),
        output=(
            r"modulenotfounderror|err_module_not_found",
            r"no module named ['\"]?[\w.]",
            r"cannot find (?:module|package) ['\"\u2018]",
            r": command not found(?:$|:)",
            r"sh: (?:(?:line )?\d{1,6}: )?[^\n:]{1,80}: not found\b",
            r"cannot open shared object file|error while loading shared libraries",
            r"version `glibc\w{0,3}_[\d.]{1,8}' not found",
            r"noclassdeffounderror|classnotfoundexception|could not find or load main class",
            r"could not load file or assembly",
            r"cannot load such file -- |could not find gem ",
            r"class \"[\w\\]{1,120}\" not found",
            r"env: [^\n]{1,80}: no such file or directory",
            r"spawn \S{1,200} enoent",
            r"executable file not found in ",
            r"no matching distribution found for |could not find a version that satisfies",
            r"there is no package called |could not locate the bindings|package \w{1,80} not found in current path",
            r"can't locate \S{1,200} in @inc",
            r"packagenotfounderror|distributionnotfound",
            r"missing optional dependency |importerror: (?!cannot import name|attempted relative)",
            r"library not loaded: ",
            r"failed to (?:run|spawn|execute|start) [^\n]{1,120}(?:notfound|no such file or directory)",
            r"packages that were not found in your environment",
            r"unable to locate package ",
            r"is not installed or it's not in your path",
            r"is not recognized as (?:an internal|the name of)",
            r"kommando nicht gefunden|befehl nicht gefunden|orden no encontrada|commande introuvable",
            r"未找到命令|找不到命令",
        ),
        codes=frozenset({126, 127}),
    ),
    Row(
        "disk_full",
        hints=(
            "space",
            "enospc",
            "quota",
            "disk",
            "errno",
            "speicherplatz",
            "espac",
            "空间",
        ),
        output=(
            r"no space left on device",
            r"enospc\b(?!: system limit)",
            r"disk quota exceeded",
            r"database or disk is full",
            r"not enough (?:free )?(?:disk )?space (?:on|left|available)\b",
            r"errno:? -?(?:28\b|122\b)",
            r"(?:^|: )(?:the )?disk (?:is )?full(?:[.!]?$|:)",
            r"insufficient disk ?space|out of disk ?space",
            r"(?:kein|nicht genug) speicherplatz|no queda espacio|aucun espace disponible",
            r"设备上没有空间|磁盘空间不足",
        ),
    ),
    Row(
        "configuration",
        hints=(
            "env",
            "credentials",
            "region",
            "required key",
            "not set",
            "unset",
            "validation",
            "config profile",
            "umgebung",
            "环境变量",
            "entorno",
        ),
        output=(
            r"missing (?:required )?env(?:ironment)? var",
            _VARIABLE + r"(?:missing|required|not set|unset|undefined|not defined|not found|must be (?:set|defined))\b",
            r"setting the \w{1,80} environment variable",
            r"unable to locate credentials|could not load credentials|default credentials were not found",
            r"declare it as envvar|validation errors? for \w{0,40}(?:settings|config)\b",
            r"(?:api|access|secret)_?key (?:is )?not set",
            r"_(?:url|uri|dsn|token|secret|password) (?:is )?(?:not set|unset)\b",
            r"is a required environment variable|^(?:[\w.]{1,80}: )?(?:please )?set the \w{1,80} environment variable",
            r"config profile [^\n]{1,80} could not be found",
            r"you must specify a region\b",
            r"required key \w{1,80} missing value",
            r"umgebungsvariable [^.;\n]{0,60}nicht gesetzt|缺少环境变量|falta la variable de entorno",
        ),
    ),
    Row(
        "rate_limited",
        hints=(
            "429",
            "rate",
            "requests",
            "throttl",
            "quota",
            "exhausted",
            "exceeded",
            "anfragen",
            "solicitudes",
            "requêtes",
            "请求",
        ),
        output=(
            r"too ?many ?requests|rate limit is exceeded|403 (?:rate limit|quota) exceeded",
            _HTTP + r"429" + _NOT_COUNTED,
            r"429 (?:client error|quota|resource)|\(429\)",
            r"ratelimit(?:ed|error|exceeded)|rate[_ -]limit[_ -](?:error|exceeded|reached)",
            r"(?:api|request|your|organization's) rate limit\b|exceeded [^\n]{0,40}rate limit",
            r"\(throttl(?:ing|ed)\w{0,20}\)|throttlingexception|request was throttled",
            r"provisionedthroughputexceeded|requestlimitexceeded",
            r"(?:been|being|are|was) rate[ -]limited|request_limit_exceeded",
            r"reduce your request rate|request rate is large|: rate exceeded",
            r"quota exceeded for quota |exceeded your current quota",
            r"resource has been exhausted|resource_?exhausted\b[^\n]{0,80}(?:quota|per minute)",
            r"zu viele anfragen|demasiadas solicitudes|trop de requêtes|请求过于频繁",
        ),
    ),
    Row(
        "permission",
        words=(r"\bpermission denied\b", r"\bunauthorized\b", r"\bforbidden\b", r"\baccess denied\b"),
        hints=(
            "denied",
            "403",
            "401",
            "author",
            "access",
            "permission",
            "privilege",
            "eperm",
            "eacces",
            "errno",
            "permitted",
            "authentic",
            "key",
            "credentials",
            "login",
            "password",
            "invalid",
            "expiredtoken",
            "unauthenticated",
            "owner",
            "allowed",
            "host key",
            "security",
            "forbidden",
            "signature",
            "berechtigung",
            "verweigert",
            "denegado",
            "权限",
            "拒绝",
            "pg_hba",
            "username",
        ),
        output=(
            r"accessdenied(?:exception)?\b",
            r"(?<!pull )access denied(?:$|[.:;,)]| for | to )",
            _HTTP + r"40[13]" + _NOT_COUNTED,
            r"exception: \(40[13]\)",
            r"40[13] \(?(?:client error|forbidden|unauthorized|access|(?:get|post|put|head|patch|delete) http)",
            r"\((?:403|forbidden|unauthorized|invalidaccesskeyid|signaturedoesnotmatch|expiredtoken\w{0,20})\) when ",
            r"not authorized (?:to|on) ",
            r"(?:does not|doesn't) have (?:\w{1,20} )?(?:permission|privilege|\S{1,80} access)\b",
            r"must be owner of |not allowed to (?:access|perform)\b|host key verification failed|securityexception",
            r"(?:forbidden|not ?authorized|unauthorized)\w{0,10}(?:error|exception)\b|access is denied",
            r"insufficient ?(?:privilege|permission)s?\b",
            r"permission[ _]?denied",
            r"eacces\b|eperm\b",
            r"errno (?:1|13)\]",
            r"operation not permitted",
            r"\bunauthenticated\b|authorization(?:failure|failed|permissionmismatch|exception)|is unauthorized for",
            r"authentication (?:failed|required)",
            r"authentication(?:error|exception)\b",
            r"(?:incorrect|invalid)[ _](?:x-)?api[ _-]key|api key not valid",
            r"(?:invalid|bad|incorrect|wrong) (?:credentials|user ?name|password|login|client secret)",
            r"invalid_(?:grant|client|auth)\b|access key id",
            r"could not read username for|security token included in the request",
            r"access to the path [^\n]{1,200} is denied|permission to \S{1,200} denied to",
            r"login failed for user|no pg_hba\.conf entry",
            r"command denied to user",
            r"code e40[13]\b",
            r"requested access to the resource is denied",
            r"keine berechtigung|zugriff verweigert|permiso denegado|acceso denegado|permission non accordée",
            r"权限不够|权限不足|拒绝访问",
        ),
    ),
    Row(
        "network",
        hints=(
            "connect",
            "econn",
            "notfound",
            "eai_",
            "timedout",
            "timed out",
            "timeout",
            "unreach",
            "err_",
            "errno",
            "retries",
            "resolution",
            "name or service",
            "host",
            "certificate",
            "x509",
            "ssl",
            "tls",
            "socket",
            "fetch",
            "link failure",
            "transfer",
            "dialing",
            "disconnected",
            "unavailable",
            "deadline",
            "urlopen",
            "incompleteread",
            "nobrokers",
            "verbindung",
            "conexión",
            "connexion",
            "连接",
            "wrong_version",
            "reach",
            "brokers",
            "servers",
            "broker",
            "fatal alert",
            "resolving",
            "network",
            "tcp",
            "pkix",
            "route",
        ),
        output=(
            r"connection (?:was |has been |unexpectedly )?(?:refused|reset|aborted|closed|lost|broken|timed out)\b",
            r"(?:econn(?:refused|reset|aborted)|\benotfound|eai_again|etimedout|ehostunreach|enetunreach)\b",
            r"err_(?:connection|name_not_resolved|internet_disconnected|cert|ssl|timed_out)",
            r"errno (?:-[235]|101|104|110|111|113)\]",
            r"connection(?:refused|reset|aborted)?error|connecterror|connect(?:ion)? ?timeout|connectexception",
            r"read ?time(?:d )?out|sockettimeoutexception|apitimeouterror",
            r"socket\.timeout|timeout of \d{1,9}ms exceeded",
            r"(?:read|write|connect) operation timed out|: operation timed out$|operation timed out after \d",
            r"request timed out\b",
            r"max retries exceeded with url",
            r"name or service not known|name resolution|temporary failure resolving|no such host\b",
            r"unknownhostexception|nameresolutionerror|gaierror",
            r"could not (?:resolve|translate) host|unable to resolve host",
            r"network is unreachable|no route to host",
            r"certificate[ _](?:verify failed|verify_failed|has expired|signed by unknown)",
            r"self[- ]signed certificate|unable to (?:get (?:local )?issuer|verify the first) certificate|x509: ",
            r"does not match certificate|ssl connection could|\btls: |remote certificate is invalid|fatal alert",
            r"sslerror|sslhandshakeexception|pkix path building|(?:tls|ssl) handshake|wrong_version_number",
            r"i/o timeout|client\.timeout exceeded",
            r"socket hang up|fetch failed$|communications link failure|transfer closed with|error while dialing",
            r"timeout connecting to |failed to open tcp connection|network(?:connect\w{0,10})?(?:error|exception)\b",
            r"closed connection without response|server (?:closed the connection|disconnected)|lost connection to ",
            r"connection to (?:node|host|server)\b[^\n]{0,80} (?:failed|could not be established|lost|closed)\b",
            r"connection to \S{1,200} (?:refused|failed|lost|timed out)\b|can't reach (?:database )?server",
            r"novalidconnections",
            r"no (?:servers|brokers) available|broker transport failure",
            _CONNECT + r"(?:(?:\w{1,20} )?(?:server|backend|proxy|database|broker|cluster)|host|endpoint|all addr)",
            _CONNECT + r"[`\"']?(?:host=|port \d|\S{1,200}:\d)",
            r"failed to connect to \S{1,200} port \d",
            r"serverselectiontimeouterror|nobrokersavailable",
            r"504 deadline exceeded|statuscode\.unavailable|deadline_exceeded",
            r"urlopen error|incompleteread",
            r"verbindungsaufbau abgelehnt|conexión (?:rehusada|rechazada)|connexion refusée",
            r"拒绝连接|连接被(?:拒绝|对方重)",
        ),
    ),
    # That a process ended, and no more.
    Row(
        "exit_code",
        words=(r"\bnon ?zero exit\b", r"\bexit code\b"),
        sentences=(r"container exited with an error",),
        output=(r"non-?zero exit\b",),
        codes=frozenset({*range(1, 256), *range(-255, 0)}),
    ),
)
