"""The layers of the package, as a table: which module may import which, and who may touch the outside."""

import ast
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import blaxel_mcp

PACKAGE = Path(blaxel_mcp.__file__).parent

# A module or package, and what of ours it may import besides itself. "" is the package root, for __version__.
LAYERS: dict[str, set[str]] = {
    "": set(),
    "__main__": {"cli", "process"},
    "errors": set(),
    "advice": set(),
    "imports": set(),
    "models": set(),
    "login": set(),
    "setting_types": {"login"},
    "settings": {"setting_types", "login", "errors"},
    "process": {"standard_error"},
    "standard_error": set(),
    "api": {"advice", "settings", "login", "models", "imports", "errors", ""},
    "summary": {"advice", "models"},
    "polling": {"errors"},
    "telemetry": {""},
    "ui": set(),
    "tools": {"advice", "api", "summary", "polling", "ui", "models", "errors"},
    "skills": set(),
    "apps": {"tools", "ui"},
    "resources": {"tools", "api", "summary", "errors"},
    "completions": {"tools", "api", "summary", "errors"},
    "prompts": {"tools", "api", "summary", "errors"},
    "error_bounds": {"summary"},
    "middleware": {"tools", "api", "summary", "telemetry", "error_bounds"},
    "server": {
        "apps",
        "error_bounds",
        "imports",
        "middleware",
        "resources",
        "completions",
        "prompts",
        "skills",
        "tools",
        "telemetry",
        "errors",
        "",
    },
    "transports": {
        "server",
        "apps",
        "ui",
        "imports",
        "error_bounds",
        "telemetry",
        "api",
        "settings",
        "setting_types",
        "errors",
        "",
    },
    "answer_parts": set(),
    "get": {"answer_parts", "tools", "summary", "polling", "errors"},
    "terminal": {"answer_parts", "summary"},
    "report": {"tools", "summary", "ui", "errors", ""},
    "doctor": {"tools", "api", "settings", "errors", ""},
    "demo": set(),
    "runtime": {"transports", "server", "tools", "telemetry", "api", "settings", "errors"},
    "setup": {"settings", "login", "errors"},
    "command_arguments": set(),
    "command_mistakes": set(),
    "command_help": {"settings", "process"},
    "command_line": {"command_arguments", "command_help", "command_mistakes", "setup", "settings", "errors", ""},
    "completion": {"command_line"},
    "shell_advice": {"advice", "command_line", "command_arguments"},
    "commands": {"answer_parts", "tools", "process"},
    "shell": {
        "advice",
        "command_line",
        "commands",
        "get",
        "process",
        "report",
        "runtime",
        "shell_advice",
        "terminal",
        "",
    },
    "cli": {
        "command_line",
        "completion",
        "shell",
        "shell_advice",
        "runtime",
        "transports",
        "settings",
        "login",
        "process",
        "imports",
        "doctor",
        "setup",
        "demo",
        "errors",
        "",
    },
    "asgi": {"cli", "process", "runtime", "transports", "errors"},
}

SDK = {
    "tools",
    "resources",
    "completions",
    "prompts",
    "apps",
    "error_bounds",
    "middleware",
    "server",
    "skills.extension",
    "transports",
    "demo.tour",
}
"""The modules that may use the MCP SDK."""
# Packages and names of the outside, and the only modules that may use them.
OUTSIDE: dict[str, set[str]] = {
    "httpx": {"api.pool", "api.network_errors", "transports.oauth.issuer"},
    "jwt": {"transports.oauth.tokens", "transports.oauth.issuer"},
    "cryptography": {"transports.oauth.tokens"},
    "mcp": SDK,
    "mcp_types": SDK,
    "opentelemetry": {"api.attempts", "telemetry.tracing"},
    "prometheus_client": {"telemetry.metrics"},
    "starlette": {"transports", "telemetry.metrics", "demo", "runtime", "asgi"},
    "uvicorn": {"transports", "demo"},
    "stamina": {"api.attempts"},
    "cronsim": {"summary.cron"},
    "yaml": {"login", "skills.catalog", "setup.yaml_text"},
    "tomlkit": {"setup.toml_text"},
    "truststore": {"api.certificates"},
    "rich": {"terminal"},
    "shtab": {"completion"},
}
PROCESS = ("environ", "getenv", "argv", "home", "expanduser")
ADVICE = (
    "Pass the value in from the layer above, or move the function to the layer where it belongs; if the layers "
    "themselves have changed, change this table, design and CONTRIBUTING.md in the same commit."
)


@cache
def modules() -> Mapping[str, ast.Module]:
    """Each module's dotted name below the package, and its syntax tree."""
    trees = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        name = ".".join(path.relative_to(PACKAGE).with_suffix("").parts)
        trees[name.removesuffix("__init__").removesuffix(".")] = ast.parse(path.read_text(encoding="utf-8"))
    return trees


def imports() -> Iterator[tuple[str, str]]:
    """Each module, and every module that is imported anywhere in it, for type checking only included."""
    yield from ((name, imported) for name, tree in modules().items() for imported in imports_of(tree))


def imports_of(tree: ast.Module) -> Iterator[str]:
    """What is imported in a syntax tree; names of packages of ours count as modules."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            whole = node.module or ""
            yield whole
            if whole in {"blaxel_mcp", "blaxel_mcp.demo", "blaxel_mcp.api", "blaxel_mcp.summary"}:
                yield from (f"{whole}.{alias.name}" for alias in node.names)


def test_imports_follow_the_layers() -> None:
    """A module imports only from the layers that the table gives it."""
    for name, imported in imports():
        layer = name.split(".", maxsplit=1)[0]
        if not imported.startswith("blaxel_mcp."):
            continue
        target = imported.split(".")[1]
        if target.startswith("__") or (not (PACKAGE / target).exists() and not (PACKAGE / f"{target}.py").exists()):
            target = ""
        allowed = LAYERS[layer] | {layer}
        assert target in allowed, f"{name or 'blaxel_mcp'} may not import blaxel_mcp.{target}. {ADVICE}"


def test_the_outside_is_touched_in_few_places() -> None:
    """Network, protocol and file formats are each used by the modules named for it, and no others."""
    for name, imported in imports():
        users = OUTSIDE.get(imported.split(".")[0])
        allowed = users is None or name in users or name.split(".", maxsplit=1)[0] in users
        assert allowed, f"{name} may not import {imported}. {ADVICE}"


def test_only_the_command_line_reads_the_process() -> None:
    """Environment, arguments and home folder are read in cli.py alone; `process` sets a variable for pydantic."""
    for name in sorted(set(modules()) - {"cli", "process"}):
        for node in ast.walk(modules()[name]):
            read = isinstance(node, ast.Attribute) and node.attr in PROCESS
            assert not read, f"{name} reads {ast.unparse(node)}. {ADVICE}"


def test_the_table_is_complete() -> None:
    """Every top-level module has a row, and no row is left of one that is gone."""
    assert {name.split(".")[0] for name in modules()} == set(LAYERS)
