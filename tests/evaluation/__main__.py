"""`python -m tests.evaluation`: the questions against a model, or against the scripted one with --stand-in."""

import argparse
import asyncio
import contextlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

TESTS = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS), str(TESTS / "question_bank")]  # as pytest finds them

from evaluation.apis import APIS  # noqa: E402
from evaluation.loop import SHOWN, Outcome  # noqa: E402
from evaluation.questions import Question, chosen, load  # noqa: E402
from evaluation.run import SECONDS, Model, as_json, ask_all, table  # noqa: E402
from evaluation.stand_in import Quoting, serve  # noqa: E402

ALL_RIGHT, SOME_WRONG, BAD_USAGE, INTERRUPTED = 0, 1, 2, 130


def parser() -> argparse.ArgumentParser:
    """What the command takes."""
    asked = argparse.ArgumentParser(
        prog="python -m tests.evaluation",
        description="Ask a model questions about batch jobs, with the tools of this server, and score its answers.",
    )
    asked.add_argument("--base-url", help="where the model is: OpenAI's way with /v1 in the end, Anthropic's without")
    asked.add_argument("--model", help="the model's name")
    asked.add_argument("--api", choices=sorted(APIS), default="openai", help="how to speak with it (%(default)s)")
    asked.add_argument("--api-key-env", metavar="NAME", help="the environment variable that holds the key")
    asked.add_argument("--stand-in", action="store_true", help="ask the scripted model instead, which tries the rest")
    asked.add_argument("--only", default="", metavar="IDS", help="beginnings of questions' ids, separated by commas")
    asked.add_argument("--shown", choices=SHOWN, default="text", help="what of a tool's answer it sees (%(default)s)")
    asked.add_argument("--skill", action="store_true", help="tell it the server's skill as well")
    asked.add_argument("--max-turns", type=int, default=8, help="turns for one question at most (%(default)s)")
    asked.add_argument(
        "--timeout", type=float, default=SECONDS, metavar="SECONDS", help="for one request to the model (%(default)g)"
    )
    asked.add_argument("--json", type=Path, metavar="FILE", help="write everything there, answers included")
    return asked


class Kept:
    """The file of --json, opened before anything is asked and whole after each question.

    Attributes:
        failure: why it could not be written, empty as long as it could.
    """

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self.failure = ""

    def write(self, text: str, *, last: bool = False) -> None:
        """Write a run so far over what was there; to a pipe, which cannot be taken back, only in the end."""
        if self.failure or not (last or self._file.seekable()):
            return
        try:
            if self._file.seekable():
                self._file.seek(0)
            self._file.write(text)
            self._file.flush()
            if self._file.seekable():
                self._file.truncate()
        except OSError as error:
            self.failure = f"cannot write {self._file.name}: {error.strerror}"
            with contextlib.suppress(OSError):
                self._file.close()  # here, since it tries to write once more


def main(argv: list[str] | None = None) -> int:
    """Ask, print, and answer the exit code: 0 all right, 1 some wrong, 2 bad usage or no file, 130 interrupted."""
    usage = parser()
    options = usage.parse_args(argv)
    questions = chosen(load(), options.only)
    if not questions:
        usage.error(f"no question's id begins with {options.only}")
    if not options.stand_in and not (options.base_url and options.model):
        usage.error("--base-url and --model are needed, or --stand-in")
    key = os.environ.get(options.api_key_env, "") if options.api_key_env else ""
    if options.api_key_env and not key:
        usage.error(f"{options.api_key_env} is not set")

    with contextlib.ExitStack() as stack:
        try:
            file = stack.enter_context(options.json.open("w", encoding="utf-8")) if options.json else None
        except OSError as error:
            return _failed(f"cannot write {options.json}: {error.strerror}")
        if options.stand_in:
            url = stack.enter_context(serve(Quoting(questions)))
            model = Model(url if options.api == "anthropic" else f"{url}/v1", "stand-in", options.api)
        else:
            model = Model(options.base_url, options.model, options.api, key)
        return _run(questions, model, options, Kept(file) if file else None)


def _run(questions: Sequence[Question], model: Model, options: argparse.Namespace, kept: Kept | None) -> int:
    """Ask, write after each question, print in the end, also where Ctrl+C made one."""
    how = {"max_turns": options.max_turns, "shown": options.shown, "skill": options.skill}
    outcomes: list[Outcome] = []
    interrupted = False

    def told(outcome: Outcome) -> None:
        outcomes.append(outcome)
        sys.stderr.write(f"{outcome.question}: {'right' if outcome.score.right else 'wrong'}\n")
        if kept:
            kept.write(as_json(model, outcomes, **how))

    try:
        asyncio.run(ask_all(questions, model, **how, timeout=options.timeout, told=told))
    except KeyboardInterrupt:
        interrupted = True
        sys.stderr.write(f"interrupted after {len(outcomes)} of {len(questions)} questions\n")
    sys.stdout.write(table(outcomes))
    if kept:
        kept.write(as_json(model, outcomes, **how), last=True)
        if kept.failure:
            return _failed(kept.failure)
    if interrupted:
        return INTERRUPTED
    return ALL_RIGHT if all(one.score.right for one in outcomes) else SOME_WRONG


def _failed(why: str) -> int:
    sys.stderr.write(f"{why}\n")
    return BAD_USAGE


if __name__ == "__main__":
    raise SystemExit(main())
