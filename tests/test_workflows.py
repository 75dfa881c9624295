"""The workflow files of the public forge, which cannot run here: their form, and what of them a program can check."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml

import blaxel_mcp
from blaxel_mcp import __version__

ROOT = Path(__file__).parent.parent
WORKFLOWS = ROOT / ".github" / "workflows"
CI, NIGHTLY, RELEASE = "ci.yml", "nightly.yml", "release.yml"
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

# A forge ignores a key that it does not know, so a misspelt one would be found only by what did not happen.
WORKFLOW_KEYS = {"name", "on", "permissions", "concurrency", "jobs"}
TRIGGERS = {"push", "pull_request", "schedule", "workflow_call", "workflow_dispatch"}
JOB_KEYS = {"name", "needs", "runs-on", "timeout-minutes", "strategy", "environment", "permissions", "steps"}
CALLING_JOB_KEYS = {"name", "needs", "permissions", "uses"}
STEP_KEYS = {"name", "uses", "with", "run", "env"}
PINNED = re.compile(r"[\w.-]+/[\w./-]+@[0-9a-f]{40}")


def load(name: str) -> dict[str, Any]:
    """A workflow as YAML; the key `on`, which YAML 1.1 reads as true, has its name again."""
    document = yaml.safe_load((WORKFLOWS / name).read_text(encoding="utf-8"))
    return {"on" if key is True else key: value for key, value in document.items()}


DOCUMENTS = {file.name: load(file.name) for file in sorted(WORKFLOWS.iterdir())}
JOBS = [(name, key, job) for name, document in DOCUMENTS.items() for key, job in document["jobs"].items()]
STEPS = [(name, key, step) for name, key, job in JOBS for step in job.get("steps", [])]


def job(name: str) -> dict[str, Any]:
    """A job of the release workflow."""
    found: dict[str, Any] = DOCUMENTS[RELEASE]["jobs"][name]
    return found


def runs(found: dict[str, Any]) -> list[str]:
    """The shell of a job's steps, in order."""
    return [step["run"] for step in found["steps"] if "run" in step]


def test_these_are_the_workflows() -> None:
    """Another one would not be checked by what follows as it should be."""
    assert [*DOCUMENTS] == [CI, NIGHTLY, RELEASE]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_key_is_known(name: str) -> None:
    """Of the workflow, its triggers, its jobs and their steps; each step does exactly one thing."""
    document = DOCUMENTS[name]
    assert set(document) == WORKFLOW_KEYS
    assert set(document["on"]) <= TRIGGERS
    assert set(document["concurrency"]) == {"group", "cancel-in-progress"}
    for found in document["jobs"].values():
        assert set(found) <= (CALLING_JOB_KEYS if "uses" in found else JOB_KEYS)
        for step in found.get("steps", []):
            assert set(step) <= STEP_KEYS
            assert ("uses" in step) != ("run" in step)


@pytest.mark.parametrize(("name", "key", "found"), JOBS, ids=[f"{name}-{key}" for name, key, _ in JOBS])
def test_every_job_has_an_end(name: str, key: str, found: dict[str, Any]) -> None:
    """The forge's own limit is six hours; what a job waits for is a job of the same workflow."""
    assert "uses" in found or 0 < found["timeout-minutes"] <= 60
    needs = found.get("needs", [])
    assert {*([needs] if isinstance(needs, str) else needs)} <= {*DOCUMENTS[name]["jobs"]} - {key}


def test_every_action_is_pinned_to_a_commit() -> None:
    """A tag can be moved to other code, a commit cannot; a comment beside it says which version it is."""
    lines = [line for file in WORKFLOWS.iterdir() for line in file.read_text(encoding="utf-8").splitlines()]
    used = [line.partition("uses:")[2] for line in lines if re.match(r"\s*(- )?uses:", line)]
    assert len(used) == sum("uses" in step for _, _, step in STEPS) + sum("uses" in found for _, _, found in JOBS)
    for given in used:
        action, _, version = map(str.strip, given.partition("#"))
        local = action.startswith("./")
        assert local or (PINNED.fullmatch(action) and re.fullmatch(r"v\d+\.\d+\.\d+", version)), given
        assert not local or (ROOT / action).is_file()


def test_nothing_may_write() -> None:
    """Workflows read the repository; only jobs that publish may do more: make a release, or prove who they are."""
    assert [document["permissions"] for document in DOCUMENTS.values()] == [{"contents": "read"}] * len(DOCUMENTS)
    given = {(name, key): found["permissions"] for name, key, found in JOBS if "permissions" in found}
    assert given == {
        (RELEASE, "package-index"): {"id-token": "write"},
        (RELEASE, "forge-release"): {"contents": "write"},
        (RELEASE, "site"): {"contents": "write"},
        (RELEASE, "mcp-registry"): {"contents": "read", "id-token": "write"},
    }


def test_no_checkout_keeps_its_token() -> None:
    """What runs after it, tests included, could read it from .git/config."""
    checkouts = [step for _, _, step in STEPS if step.get("uses", "").startswith("actions/checkout@")]
    assert checkouts
    assert all(step["with"]["persist-credentials"] is False for step in checkouts)


@pytest.mark.parametrize(("name", "key", "step"), [each for each in STEPS if "run" in each[2]])
def test_every_script_is_shell(name: str, key: str, step: dict[str, Any]) -> None:
    """Bash can read it, and the forge pastes nothing into it: values come as variables, which cannot be code."""
    assert "${{" not in step["run"], (name, key)
    bash = shutil.which("bash")
    assert bash
    read = subprocess.run([bash, "-n"], input=step["run"], capture_output=True, text=True, check=False)  # noqa: S603
    assert (read.returncode, read.stderr) == (0, "")


def test_no_index_is_named() -> None:
    """Where packages come from and go to is for the tools to know, so that a mirror can stand in."""
    for file in WORKFLOWS.iterdir():
        assert "://" not in file.read_text(encoding="utf-8")


def test_ci_runs_what_a_contributor_runs_on_every_supported_python() -> None:
    """`.ci/run` and nothing else, on the versions that the classifiers name, the oldest of which is required."""
    check = DOCUMENTS[CI]["jobs"]["check"]
    assert runs(check) == [".ci/run"]
    versions = check["strategy"]["matrix"]["python"]
    assert all(isinstance(version, str) for version in versions)  # 3.10 as a number would be 3.1
    classified = re.findall(r"Python :: (3\.\d+)", "\n".join(PROJECT["classifiers"]))
    assert versions == classified == sorted(classified, key=lambda version: int(version.split(".")[1]))
    assert PROJECT["requires-python"] == f">={versions[0]}"
    setup = next(step for step in check["steps"] if "python-version" in step.get("with", {}))
    assert setup["with"]["python-version"] == "${{ matrix.python }}"
    assert DOCUMENTS[CI]["on"]["push"] == {"branches": ["main"]}


def test_ci_can_be_run() -> None:
    """The forge starts it as a program."""
    script = ROOT / ".ci" / "run"
    assert script.stat().st_mode & 0o111
    assert script.read_text(encoding="utf-8").startswith("#!/usr/bin/env bash\n")


def test_a_release_is_checked_built_and_published_in_this_order() -> None:
    """All checks and the tested wheel, then the package index, and the registry last, which looks at the index."""
    assert DOCUMENTS[RELEASE]["on"] == {"push": {"tags": ["v*"]}}
    assert job("check")["uses"] == f"./.github/workflows/{CI}"
    assert "workflow_call" in DOCUMENTS[CI]["on"]
    assert job("package-index")["needs"] == ["check", "build"]
    assert job("forge-release")["needs"] == job("mcp-registry")["needs"] == "package-index"
    assert [*DOCUMENTS[RELEASE]["jobs"]][-1] == "mcp-registry"
    assert "environment" in job("package-index")
    assert "mcp-publisher publish" in runs(job("mcp-registry"))[-1]


def test_what_is_published_is_what_was_tested() -> None:
    """The tag is checked first; the wheel is tested after the sources are gone; one artifact goes on."""
    shell = runs(job("build"))
    assert shell[0] == 'python3 .ci/check_tag.py "$GITHUB_REF_NAME" "$GITHUB_REPOSITORY"'
    assert shell[1] == "python3 .ci/package.py dist"
    test = shell[-2]
    assert test.index("dist/*.whl") < test.index("rm -r blaxel_mcp") < test.index("pytest")
    up, *_ = (step for step in job("build")["steps"] if "upload-artifact" in step.get("uses", ""))
    (down,) = (step for step in job("package-index")["steps"] if "download-artifact" in step.get("uses", ""))
    assert (up["with"]["name"], up["with"]["path"]) == (down["with"]["name"], down["with"]["path"]) == ("dist", "dist/")


def test_a_release_says_what_comes_with_it() -> None:
    """A bill of materials of the installed wheel, and its hashes and licences; apart from what the index gets."""
    listed = runs(job("build"))[-1]
    assert "cyclonedx-py" in listed
    assert ".ci/inventory.py" in listed
    _, up, _ = (step for step in job("build")["steps"] if "upload-artifact" in step.get("uses", ""))
    assert (up["with"]["name"], up["with"]["path"]) == ("sbom", "sbom/")
    assert runs(job("forge-release"))[-1].endswith("dist/* sbom/* bundles/*")


def test_a_release_has_the_bundle_and_the_plugins() -> None:
    """Built with the wheel while the tree is there, checked by the official tool, and kept from the package index."""
    built, tested = (next(shell for shell in runs(job("build")) if part in shell) for part in ("bundles.py", "pytest"))
    assert built.index("dist/*.whl") < built.index("bundles.py --check --output bundles")
    assert runs(job("build")).index(built) < runs(job("build")).index(tested)
    *_, up = (step for step in job("build")["steps"] if "upload-artifact" in step.get("uses", ""))
    assert (up["with"]["name"], up["with"]["path"].split()) == ("bundles", ["bundles/*.mcpb", "bundles/*.zip"])


def test_the_site_is_published_as_one_commit_of_a_branch(tmp_path: Path) -> None:
    """The step as it is, with a repository here in the forge's place; a second release replaces the first."""
    git, bash = shutil.which("git"), shutil.which("bash")
    if git is None or bash is None or os.name == "nt":
        pytest.skip("needs git and a shell of POSIX")
    build, publish = runs(job("site"))
    assert build == "python3 .ci/docs.py"
    forge, tools, site = tmp_path / "forge" / "me" / "repo", tmp_path / "tools", tmp_path / "dist" / "site"
    for folder in (tools, site):
        folder.mkdir(parents=True)
    (tools / "gh").write_text('#!/bin/sh\n[ "$*" = "auth setup-git" ]\n', encoding="utf-8")
    (tools / "gh").chmod(0o755)
    subprocess.run([git, "init", "-q", "--bare", str(forge)], check=True, timeout=30)  # noqa: S603
    env = {
        "PATH": f"{tools}:{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "GITHUB_SERVER_URL": f"{tmp_path}/forge",
        "GITHUB_REPOSITORY": "me/repo",
        "GITHUB_REF_NAME": "v1.2.3",
    }
    for text in ("first", "second"):
        shutil.rmtree(site / ".git", ignore_errors=True)
        (site / "index.html").write_text(text, encoding="utf-8")
        subprocess.run([bash, "-euo", "pipefail", "-c", publish], cwd=tmp_path, env=env, check=True, timeout=30)  # noqa: S603

    def ask(*command: str) -> str:
        return subprocess.check_output([git, "-C", str(forge), *command], text=True, timeout=30)  # noqa: S603

    assert ask("show", "gh-pages:index.html") == "second"
    assert ask("log", "--format=%s", "gh-pages") == "The site of v1.2.3\n"
    assert ask("ls-tree", "--name-only", "gh-pages").split() == [".nojekyll", "index.html"]


def test_what_takes_long_runs_every_night() -> None:
    """The oldest versions on every supported Python, tests that take minutes, all clients, and some small changes."""
    oldest, slow, clients, mutants = DOCUMENTS[NIGHTLY]["jobs"].values()
    assert runs(oldest) == [".ci/oldest"]
    assert oldest["strategy"]["matrix"] == DOCUMENTS[CI]["jobs"]["check"]["strategy"]["matrix"]
    assert runs(slow)[-1].endswith(".venv/bin/pytest -q -n0 -m nightly\n")
    assert [line.partition("tests/clients/")[2] for line in runs(clients)[-1].splitlines()[2:]] == [
        "run.py",
        "run.py --limits",
        "cli/starts.py",
    ]
    # Other changes each night; on all of them the command would take hours there.
    assert '-m tests.mutation summary --sample 40 --seed "$GITHUB_RUN_NUMBER" --at-least 95 ' in runs(mutants)[-1]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """What the tag is compared with, to be changed by a test."""
    package = Path(blaxel_mcp.__file__)
    for source, target in (
        (ROOT / ".ci" / "check_tag.py", ".ci/check_tag.py"),
        (ROOT / "server.json", "server.json"),
        (package, "blaxel_mcp/__init__.py"),
    ):
        (tmp_path / target).parent.mkdir(exist_ok=True)
        shutil.copy(source, tmp_path / target)
    return tmp_path


REPOSITORY = json.loads((ROOT / "server.json").read_text(encoding="utf-8"))["name"].removeprefix("io.github.")


def check_tag(tree: Path, *tag: str, repository: str = REPOSITORY) -> tuple[int, str]:
    """Exit code and standard error of the script that the release runs first."""
    command = [sys.executable, str(tree / ".ci" / "check_tag.py"), *tag, repository]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own script
    assert done.stdout == ""
    return done.returncode, done.stderr


def test_the_tag_of_this_version_passes(tree: Path) -> None:
    """Silently."""
    assert check_tag(tree, f"v{__version__}") == (0, "")


@pytest.mark.parametrize("tag", ["v99.0.0", __version__, f"v{__version__}.1", f"v{__version__}rc1", "", "v"])
def test_any_other_tag_fails(tree: Path, tag: str) -> None:
    """Each of the three places is named, with the version that it has."""
    places = ("blaxel_mcp/__init__.py", "server.json", "server.json, package 1")
    lines = [f"The tag is {tag}, but {place} has {__version__!r}.\n" for place in places]
    assert check_tag(tree, tag) == (1, "".join(lines))


@pytest.mark.parametrize(
    ("file", "place", "times"),
    [
        ("blaxel_mcp/__init__.py", "blaxel_mcp/__init__.py", 1),
        ("server.json", "server.json", 1),
        ("server.json", "server.json, package 1", 2),
    ],
)
def test_one_place_that_was_forgotten_fails(tree: Path, file: str, place: str, times: int) -> None:
    """Only that one is named."""
    whole = (tree / file).read_text(encoding="utf-8")
    parts = whole.split(f'"{__version__}"')
    (tree / file).write_text(
        f'"{__version__}"'.join(parts[:times]) + '"0.0.1"' + f'"{__version__}"'.join(parts[times:]), encoding="utf-8"
    )
    assert check_tag(tree, f"v{__version__}") == (1, f"The tag is v{__version__}, but {place} has '0.0.1'.\n")


def test_another_repository_than_the_one_that_is_named_fails(tree: Path) -> None:
    """Whoever publishes has to put their account in the place of the placeholder first."""
    lines = [f"This is me/fork, but the {what} in server.json is {REPOSITORY}.\n" for what in ("name", "repository")]
    assert check_tag(tree, f"v{__version__}", repository="me/fork") == (1, "".join(lines))


def test_no_tag_is_bad_usage(tree: Path) -> None:
    """As with every program: 2, and what it takes."""
    code, said = check_tag(tree)
    assert (code, "check_tag.py v0.1.0" in said) == (2, True)


def test_ci_runs_the_suite_on_windows() -> None:
    """Nothing else here can; without what needs processes of POSIX."""
    job = DOCUMENTS[CI]["jobs"]["windows"]
    assert job["runs-on"] == "windows-latest"
    command = job["steps"][-1]["run"].split()
    assert command[:3] == ["python", "-m", "pytest"]
    left_out = [path for option, path in pairwise(command) if option == "--ignore"]
    assert all((ROOT / path).exists() for path in left_out)
