"""What is wrong with a client's file, as a place and a sentence."""

from blaxel_mcp.errors import ConfigurationError


class FileProblem(Exception):  # noqa: N818 - the file has it; nothing of the program went wrong
    """A client's file that is left as it is, because of what is at this place in it; lines and columns count from 1."""

    def __init__(self, what: str, line: int, column: int) -> None:
        super().__init__(what, line, column)
        self.what = what
        self.line = line
        self.column = column

    def __str__(self) -> str:
        return f"line {self.line}, column {self.column}: {self.what}"


def problem_at(text: str, index: int, what: str) -> FileProblem:
    """Make the problem that is at this index of the text."""
    start = text.rfind("\n", 0, index) + 1
    return FileProblem(what, text.count("\n", 0, index) + 1, index - start + 1)


def refusal(problem: str) -> ConfigurationError:
    """Make the error of a command that did nothing."""
    return ConfigurationError([problem], "See blaxel-mcp setup --help.")
