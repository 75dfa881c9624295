"""How answers and errors name tools, arguments and calls: to a model by default, to a person in a shell as commands.

Advice is made by whatever knows what to advise, deep inside of an answer. Who reads it is known only to the command
that asked, which says so for as long as it runs (`advise`); an MCP server never does.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar


class Advice:
    """Advice for a model, which calls tools; `arguments` are a tool's, by their names, with values that are quoted."""

    repeat = "call"
    """The verb before `again with` or `again without`."""

    def argument(self, name: str) -> str:
        """One of the tool's arguments."""
        return name

    def tool(self, name: str, arguments: Mapping[str, str]) -> str:  # noqa: ARG002 - a shell needs them
        """A tool as a noun, to look something up with."""
        return name

    def call(self, name: str, arguments: Mapping[str, str]) -> str:
        """The beginning of a sentence: `Call get_job_execution_logs with jobId "a" and executionId "b"`."""
        return f"Call {name}{' with ' * bool(arguments)}{_listed(arguments)}"

    def look_again(self, arguments: Mapping[str, str], when: str) -> str:
        """A sentence that advises to ask for the same execution again; `when` is such as `in 30s`."""
        return f"Call get_job_execution with {_listed(arguments) or 'the same arguments'} again {when}."

    def wait_again(self, arguments: Mapping[str, str]) -> str:
        """A sentence that advises to wait on; `arguments` are those that differ from those of the wait before."""
        return f"Call wait_for_job_execution again with {_listed(arguments) or 'the same arguments'}."

    def ask(self, name: str, arguments: Mapping[str, str], question: str) -> str:  # noqa: ARG002
        """The beginning of a sentence: `Ask get_job_execution why it stands still`."""
        return f"Ask {name} {question}"

    def see(self, name: str, arguments: Mapping[str, str], question: str) -> str:  # noqa: ARG002
        """The beginning of a sentence: `See with list_job_executions what is left`."""
        return f"See with {name} {question}"

    def cancel(self, arguments: Mapping[str, str]) -> str:
        """The beginning of a sentence that advises to cancel the execution."""
        return f"Cancel it (cancel_job_execution{' with ' * bool(arguments)}{_listed(arguments)})"

    def go_on(self, cursor: str, arguments: Mapping[str, str]) -> str:  # noqa: ARG002
        """A sentence on how to get the rest of a list; `arguments` are those that must not be left to `latest`."""
        return f'To go on, call again with cursor "{cursor}".'


def _listed(arguments: Mapping[str, str]) -> str:
    return " and ".join(f'{name} "{value}"' for name, value in arguments.items())


_answers: ContextVar[Advice] = ContextVar("blaxel_mcp_answers", default=Advice())  # noqa: B039 - it has no state
_errors: ContextVar[Advice] = ContextVar("blaxel_mcp_errors", default=Advice())  # noqa: B039


def advice() -> Advice:
    """The words for an answer."""
    return _answers.get()


def error_advice() -> Advice:
    """The words for an error, which a shell's commands print even where the answer would have been JSON."""
    return _errors.get()


@contextmanager
def advise(*, answers: Advice, errors: Advice) -> Iterator[None]:
    """Give advice in these words inside the `with` block, and in what is started in it."""
    tokens = _answers.set(answers), _errors.set(errors)
    try:
        yield
    finally:
        _answers.reset(tokens[0])
        _errors.reset(tokens[1])
