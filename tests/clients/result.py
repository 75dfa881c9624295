"""What a run of a client came to: a record of JSON, made from its report and from what crossed; pure."""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from clients.crossed import Crossed
from clients.report import Report
from clients.scenario import QUESTIONS, Answer, judge, missing_tools


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A client over a transport.

    Attributes:
        client: its name in `clients.toml`.
        version: of its package.
        transport: over which it was run.
        date: when, in UTC.
        era: the protocol version of its calls, as the server's side saw it.
        connected: whether the server answered anything.
        missing_tools: what it did not list.
        answers: by question.
        starts: how often it started the server, over stdio.
        seconds: the whole run, the client's own start included.
        megabytes: what its environment takes on disk, in millions of bytes.
        notes: what the script remarked, or why there is no report.
    """

    client: str
    version: str
    transport: str
    date: str
    era: str
    connected: bool
    missing_tools: Sequence[str]
    answers: Mapping[str, Answer]
    starts: int
    seconds: float
    megabytes: int
    notes: Sequence[str] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        """Whether it connected, listed every tool, and was given every fact."""
        return (
            self.connected
            and not self.missing_tools
            and [*self.answers] == [question.name for question in QUESTIONS]
            and all(answer.passed for answer in self.answers.values())
        )

    @property
    def problems(self) -> list[str]:
        """What is wrong, each a sentence without a full stop; empty if it passed."""
        return [
            *([] if self.connected else ["it did not connect"]),
            *([f"it did not list {', '.join(self.missing_tools)}"] if self.missing_tools else []),
            *(
                f"{question.name}: not answered"
                if question.name not in self.answers
                else f"{question.name}: without {', '.join(map(repr, self.answers[question.name].missing))}"
                for question in QUESTIONS
                if question.name not in self.answers or not self.answers[question.name].passed
            ),
        ]


def conclude(
    *,
    client: str,
    version: str,
    transport: str,
    date: str,
    seconds: float,
    megabytes: int,
    report: Report | None,
    crossed: Crossed,
    notes: Sequence[str] = (),
) -> Result:
    """The result of a run; without a report, everything is missing."""
    seen = report or Report([], {})
    return Result(
        client=client,
        version=seen.version or version,
        transport=transport,
        date=date,
        era=", ".join(crossed.eras),
        connected=bool(crossed.received),
        missing_tools=missing_tools(seen.tools),
        answers={one.name: judge(one, seen.given[one.name]) for one in QUESTIONS if one.name in seen.given},
        starts=crossed.starts,
        seconds=round(seconds, 1),
        megabytes=megabytes,
        notes=[*seen.notes, *notes],
    )


def dump(result: Result) -> str:
    """A result as a record's file holds it."""
    return json.dumps(dataclasses.asdict(result), indent=1, ensure_ascii=False) + "\n"


def load(text: str) -> Result:
    """A result from a record's file."""
    raw = json.loads(text)
    return Result(**raw | {"answers": {name: Answer(**one) for name, one in raw["answers"].items()}})
