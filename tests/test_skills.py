"""The skill that the server hands out: on the wire in both eras and over both transports, and what it says."""

import asyncio
import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from support.caller import caller
from support.in_process import serving
from support.plane import NOW
from support.program import ENVELOPE, HANDSHAKE, MODERN, Program, account
from test_apps import Http

import blaxel_mcp
from blaxel_mcp.demo import control_plane
from blaxel_mcp.models import ExecutionWord
from blaxel_mcp.skills.catalog import Skill, SkillFile, children, described, frontmatter, read_skill, skills
from blaxel_mcp.tools.registry import select

ROOT = "skill://blaxel-jobs"
MANIFEST, FIELDS = f"{ROOT}/SKILL.md", f"{ROOT}/references/fields.md"
FOLDER = Path(blaxel_mcp.__file__).parent / "skills" / "blaxel-jobs"
KEPT = {"ttlMs": 3_600_000, "cacheScope": "public"}
INVALID_PARAMS = -32602


class Pipe:
    """A client over stdio in one era."""

    def __init__(self, program: Program, era: str) -> None:
        self.program, self.era = program, era
        if era == HANDSHAKE:
            program.shake_hands()

    def answer(self, method: str, params: dict[str, Any] | None = None) -> dict[str, Any]:
        """The whole answer."""
        return self.program.request(method, params, modern=self.era == MODERN)


class Web(Http):
    """A client over Streamable HTTP in one era."""

    def answer(self, method: str, params: dict[str, Any] | None = None) -> dict[str, Any]:
        """The whole answer."""
        text = self.post(method, dict(params or {}) | ({"_meta": ENVELOPE} if self.era == MODERN else {})).text
        data = next(line for line in text.splitlines() if line.startswith(("data:", "{"))).removeprefix("data:")
        answer: dict[str, Any] = json.loads(data)
        return answer


@pytest.fixture(
    scope="module",
    params=[
        ("stdio", HANDSHAKE),
        pytest.param(("stdio", MODERN), marks=pytest.mark.slow),
        ("http", HANDSHAKE),
        ("http", MODERN),
    ],
    ids=str,
)
def client(request: pytest.FixtureRequest) -> Iterator[Pipe | Web]:
    """A client over each transport in each era."""
    way, era = request.param
    if way == "stdio":
        with Program("--demo") as program:
            yield Pipe(program, era)
        return
    with control_plane.serve(control_plane.build_app()) as plane, serving(env=account(plane)) as url:
        yield Web(url, {}, era)


def entry() -> dict[str, Any]:
    """The skill's entry, made here of the files themselves."""
    raw = {uri: (FOLDER / uri.removeprefix(f"{ROOT}/")).read_bytes() for uri in (MANIFEST, FIELDS)}
    return {
        "uri": MANIFEST,
        "frontmatter": yaml.safe_load(raw[MANIFEST].decode().split("---\n")[1]),
        "resources": [
            {"uri": uri, "digest": f"sha256:{hashlib.sha256(text).hexdigest()}", "size": len(text)}
            for uri, text in raw.items()
        ],
    }


def plain(result: dict[str, Any]) -> dict[str, Any]:
    """A result without what the SDK puts into each of the 2026 era."""
    return {key: value for key, value in result.items() if key not in {"_meta", "resultType"}}


def test_skills_are_listed_with_their_files_digests_and_sizes(client: Pipe | Web) -> None:
    """As the files of the package are; how long that holds is said where the protocol has words for it."""
    result = client.answer("skills/list")["result"]
    assert plain(result) == {"skills": [entry()]} | (KEPT if client.era == MODERN else {})
    assert result == client.answer("skills/list", {})["result"]
    assert result.get("resultType") == ("complete" if client.era == MODERN else None)


def test_a_skill_is_got_by_its_address(client: Pipe | Web) -> None:
    """The same entry as in the list."""
    result = client.answer("skills/get", {"uri": MANIFEST})["result"]
    assert plain(result) == {"skill": entry()} | (KEPT if client.era == MODERN else {})


@pytest.mark.parametrize(
    "uri", [FIELDS, ROOT, "skill://other/SKILL.md", f"{MANIFEST}/", "", "blaxel://jobs/a/executions"]
)
def test_what_is_no_skill_is_invalid(client: Pipe | Web, uri: str) -> None:
    """The error names the skill that there is."""
    error = client.answer("skills/get", {"uri": uri})["error"]
    assert error == {"code": INVALID_PARAMS, "message": f"There is no skill at this address. There is {MANIFEST}."}


@pytest.mark.parametrize(("method", "params"), [("skills/get", {}), ("skills/list", {"cursor": "1"})])
def test_wrong_parameters_are_invalid(client: Pipe | Web, method: str, params: dict[str, Any]) -> None:
    """No address, or a cursor that no answer gave."""
    assert client.answer(method, params)["error"]["code"] == INVALID_PARAMS


def test_what_is_read_has_the_digest_of_the_list(client: Pipe | Web) -> None:
    """Hosts refuse anything else."""
    for listed in client.answer("skills/list")["result"]["skills"][0]["resources"]:
        (content,) = client.answer("resources/read", {"uri": listed["uri"]})["result"]["contents"]
        raw = content["text"].encode()
        assert (f"sha256:{hashlib.sha256(raw).hexdigest()}", len(raw)) == (listed["digest"], listed["size"])
        assert (content["uri"], content["mimeType"]) == (listed["uri"], "text/markdown")


def test_a_file_that_is_not_there_is_invalid(client: Pipe | Web) -> None:
    """As any unknown resource."""
    assert client.answer("resources/read", {"uri": f"{ROOT}/scripts/run.sh"})["error"]["code"] == INVALID_PARAMS


def test_directories_are_read_level_by_level(client: Pipe | Web) -> None:
    """A directory by its type; a file is none, nor is an address with a slash at its end."""

    def names(uri: str) -> dict[str, str]:
        result = client.answer("resources/directory/read", {"uri": uri})["result"]
        return {child["uri"]: child["mimeType"] for child in result["resources"]}

    assert names(ROOT) == {MANIFEST: "text/markdown", f"{ROOT}/references": "inode/directory"}
    assert names(f"{ROOT}/references") == {FIELDS: "text/markdown"}
    for uri in (MANIFEST, f"{ROOT}/", "skill:/", "skill://", "skill://blaxel", f"{ROOT}/scripts"):
        assert client.answer("resources/directory/read", {"uri": uri})["error"]["code"] == INVALID_PARAMS, uri


def test_the_skill_is_a_resource_by_its_own_name_and_description(client: Pipe | Web) -> None:
    """So that a client without the extension can read it too."""
    listed = {one["uri"]: one for one in client.answer("resources/list")["result"]["resources"]}
    fields = entry()["frontmatter"]
    assert listed[MANIFEST] == {
        "uri": MANIFEST,
        "name": "blaxel-jobs",
        "description": fields["description"],
        "mimeType": "text/markdown",
    }
    assert listed.keys() == {MANIFEST, FIELDS}


def test_the_extension_is_declared_where_the_protocol_has_a_place_for_it() -> None:
    """Before the SDK is there as well: the opening is answered from a file."""
    with Program("--demo") as program:
        capabilities = program.request("server/discover", modern=True)["result"]["capabilities"]
    assert capabilities["extensions"]["io.modelcontextprotocol/skills"] == {"directoryRead": True}
    assert "resources" in capabilities


# The files, and what they say


def test_directories_of_several_skills_are_kept_apart() -> None:
    """Also where the name of one begins with that of another."""
    known = tuple(
        Skill({"name": name, "description": "x"}, (SkillFile(f"skill://{name}/SKILL.md", ""),)) for name in ("a", "ab")
    )
    assert children("skill://a", known) == [described("skill://a/SKILL.md", known)]
    assert children("skill://", known) is None
    assert described("skill://a/x.md", known) == {
        "uri": "skill://a/x.md",
        "name": "x.md",
        "mimeType": "inode/directory",
    }


def test_a_nested_file_belongs_to_the_skill_around_it(tmp_path: Path) -> None:
    """Its own SKILL.md comes first, also where another one lies deeper."""
    for name in ("b/a.txt", "b/SKILL.md", "b/A/SKILL.md"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("---\nname: b\ndescription: c\n---\n", encoding="utf-8")
    skill = read_skill(tmp_path / "b")
    assert [file.uri for file in skill.files] == ["skill://b/SKILL.md", "skill://b/A/SKILL.md", "skill://b/a.txt"]


def test_a_file_is_measured_in_bytes(tmp_path: Path) -> None:
    """Of UTF-8, with the line ends that clients are sent."""
    (tmp_path / "a").mkdir()
    text = "---\nname: a\ndescription: \u00e9\n---\n"
    (tmp_path / "a" / "SKILL.md").write_bytes(text.replace("\n", "\r\n").encode())
    (file,) = read_skill(tmp_path / "a").files
    raw = text.encode()
    assert file.text == text
    assert file.listed() == {
        "uri": "skill://a/SKILL.md",
        "digest": f"sha256:{hashlib.sha256(raw).hexdigest()}",
        "size": len(text) + 1,
    }


@pytest.mark.parametrize("text", ["", "# Title\n", "---\nname: x\n", "\n---\nname: x\n---\n", "--- \nname: x\n---\n"])
def test_a_skill_without_frontmatter_is_refused(text: str) -> None:
    """It would be one without a name."""
    with pytest.raises(ValueError, match="frontmatter"):
        frontmatter(text)


def test_the_skill_follows_the_format() -> None:
    """Its name is its folder's, and every field keeps to the limits of the Agent Skills format."""
    (skill,) = skills()
    fields = skill.frontmatter
    assert fields["name"] == FOLDER.name
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", fields["name"])
    assert 1 <= len(fields["description"]) <= 1024
    assert len(fields["compatibility"]) <= 500
    assert fields.keys() <= {"name", "description", "license", "compatibility", "metadata", "allowed-tools"}
    assert json.loads(json.dumps(fields)) == fields
    assert len(skill.files[0].text.splitlines()) < 100


def test_every_link_leads_to_a_file_of_the_skill() -> None:
    """Hosts resolve them against its root, and read nothing that is not listed."""
    (skill,) = skills()
    listed = {file.uri for file in skill.files}
    links = re.findall(r"\]\(([^)]+)\)", "".join(file.text for file in skill.files))
    assert {f"{ROOT}/{link}" for link in links} == listed - {MANIFEST}


def known_words() -> set[str]:
    """Every name in the program's contract: tools, arguments, fields of answers, and the values that they take."""
    words = {
        "latest",
        "latest failed",
        "latest succeeded",
        "latest running",
        "blaxel-mcp",
        "SKILL.md",
        *get_args(ExecutionWord),
    }
    for tool in select(allow_writes=True):
        words |= {tool.name, *tool.parameters["properties"]}
    answers = (Path(__file__).parent.parent / "docs" / "answers.md").read_text(encoding="utf-8")
    for row in (line for line in answers.splitlines() if line.startswith("| ")):
        for word in re.findall(r"`([^`]+)`", row):
            words |= {word, *re.split(r"\.|\[\]", word)}
    return words


def test_everything_that_the_skill_names_exists() -> None:
    """A tool, argument, field or value that the program does not know is no help to anybody."""
    named = {word for file in skills()[0].files for word in re.findall(r"`([^`]+)`", file.text)}
    assert len(named) > 50
    assert named - known_words() == set()


def test_the_skill_names_every_tool_that_a_model_is_shown() -> None:
    """The one that only a page calls is not for it."""
    text = skills()[0].files[0].text
    missing = {tool.name for tool in select(allow_writes=True)} - set(re.findall(r"`([a-z_]+)`", text))
    assert missing == {"get_job_execution_view"}


def test_the_fields_are_those_of_the_output_schema() -> None:
    """The table has each field that the tool's schema declares, identity and raw JSON included, and none besides."""
    (tool,) = (tool for tool in select(allow_writes=True) if tool.name == "get_job_execution")
    assert tool.output_schema
    rows = [line.split("|")[1] for line in skills()[0].files[1].text.splitlines() if line.startswith("| `")]
    named = [word for row in rows for word in re.findall(r"`(\w+)`", row)]
    assert sorted(named) == sorted(tool.output_schema["properties"])


def test_a_log_of_one_task_is_told_as_such() -> None:
    """The words that the skill quotes are those of the answer about many tasks of which one log was read."""
    asked = control_plane.build_app(clock=lambda: NOW)

    async def ask() -> dict[str, Any]:
        with control_plane.serve(asked) as url:
            async with caller(url) as calls:
                return await calls.ask("get_job_execution", jobId="load-test", executionId="latest")

    (quoted,) = re.findall(r'from the log of one, "([^"]+)",', skills()[0].files[0].text)
    assert f'says the log of "task-11", {quoted}' in asyncio.run(ask())["summary"]


def test_causes_and_outcomes_are_those_of_the_contract() -> None:
    """All of them, and none besides."""
    text = skills()[0].files[1].text
    answers = (Path(__file__).parent.parent / "docs" / "answers.md").read_text(encoding="utf-8")
    for field, start, end in (("failures[].cause", "Causes in", None), ("outcome", "| `outcome` |", "\n")):
        row = next(line for line in answers.splitlines() if line.startswith(f"| `{field}` |"))
        promised = set(re.findall(r"`(\w+)`", row.split("|")[2]))
        said = text[text.index(start) :].partition(end)[0] if end else text[text.index(start) :]
        assert promised <= set(re.findall(r"`(\w+)`", said)), field


def test_the_skill_says_what_is_so() -> None:
    """Its claims about whether an execution is over, held against real answers of the demo."""

    async def ask() -> list[dict[str, Any]]:
        with control_plane.serve(control_plane.build_app(clock=lambda: NOW)) as url:
            async with caller(url) as calls:
                asked = (("nightly-report", "latest"), ("embed-corpus", "latest"), ("load-test", "exec-68d2b3a1"))
                return [await calls.ask("get_job_execution", jobId=job, executionId=one) for job, one in asked]

    over, running, doubtful = asyncio.run(ask())
    assert (over["done"], "pollAfterSeconds" in over) == (True, False)
    assert (running["done"], running["outcome"]) == (False, "in_progress")
    assert running["pollAfterSeconds"] > 0
    assert len(running["timing"]["estimatedRemainingRange"]) == 2
    assert (doubtful["outcome"], doubtful["tasks"]["failed"], len(doubtful["warnings"])) == ("succeeded", 4, 1)
    assert all(answer["summary"].endswith(".") for answer in (over, running, doubtful))
