"""`python -m tests.evaluation`: the questions against a model, or against the scripted one with --stand-in."""

import argparse
import asyncio
import contextlib
import os
import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS), str(TESTS / "question_bank")]  # as pytest finds them

from evaluation.apis import APIS  # noqa: E402
from evaluation.loop import SHOWN, Outcome  # noqa: E402
from evaluation.questions import chosen, load  # noqa: E402
from evaluation.run import Model, as_json, ask_all, table  # noqa: E402
from evaluation.stand_in import Quoting, serve  # noqa: E402

ALL_RIGHT, SOME_WRONG, BAD_USAGE = 0, 1, 2


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
    asked.add_argument("--json", type=Path, metavar="FILE", help="write everything there, answers included")
    return asked


def main(argv: list[str] | None = None) -> int:
    """Ask, print, and answer the exit code: 0 all right, 1 some wrong, 2 bad usage."""
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

    def told(outcome: Outcome) -> None:
        sys.stderr.write(f"{outcome.question}: {'right' if outcome.score.right else 'wrong'}\n")

    with contextlib.ExitStack() as stack:
        if options.stand_in:
            url = stack.enter_context(serve(Quoting(questions)))
            model = Model(url if options.api == "anthropic" else f"{url}/v1", "stand-in", options.api)
        else:
            model = Model(options.base_url, options.model, options.api, key)
        how = {"max_turns": options.max_turns, "shown": options.shown, "skill": options.skill}
        outcomes = asyncio.run(ask_all(questions, model, **how, told=told))
    sys.stdout.write(table(outcomes))
    if options.json:
        options.json.write_text(as_json(model, outcomes, **how), encoding="utf-8")
    return ALL_RIGHT if all(one.score.right for one in outcomes) else SOME_WRONG


if __name__ == "__main__":
    raise SystemExit(main())
