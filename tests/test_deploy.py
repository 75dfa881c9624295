"""The Dockerfile and docs/deploy.md against the program: what can be checked without Docker, a cluster or Blaxel."""

import importlib
import itertools
import json
import re
import subprocess
import sys
import tomllib
from datetime import datetime
from typing import Any

import pytest
import uvicorn
import yaml
from support.deployment import GUIDE, NAME, ROOT, blocks, commands, read_image
from support.program import PATIENCE, Program, environment

from blaxel_mcp import __version__
from blaxel_mcp.api.callers import CREDENTIAL_HEADER, WORKSPACE_HEADER
from blaxel_mcp.command_line import parse
from blaxel_mcp.errors import ConfigurationError
from blaxel_mcp.login import ClientCredentials
from blaxel_mcp.setting_types import MIN_STATE_KEY
from blaxel_mcp.settings import Settings, load, option_for
from blaxel_mcp.summary.limits import WAIT_SECONDS
from blaxel_mcp.telemetry import RequestRecord
from blaxel_mcp.telemetry.metrics import Metrics
from blaxel_mcp.telemetry.request_log import RequestLog
from blaxel_mcp.transports.admission import BODY_BYTES, BODY_SECONDS, LARGE_BODIES, SMALL_BODY_BYTES
from blaxel_mcp.transports.app import HEALTH, MCP
from blaxel_mcp.transports.deadlines import STALLED_SECONDS
from blaxel_mcp.transports.exposure import allowed_hosts, check_exposure
from blaxel_mcp.transports.http import (
    GRACE_SECONDS,
    IN_FLIGHT_SECONDS,
    KEEP_ALIVE_SECONDS,
    SPARE_CONNECTIONS,
)

IMAGE = read_image()
FIELDS = {field.alias: field for field in Settings.model_fields.values() if field.alias}
SECRET, DEPLOYMENT, SERVICE = yaml.safe_load_all(blocks("yaml")[0])
POD = DEPLOYMENT["spec"]["template"]["spec"]
(CONTAINER,) = POD["containers"]
HOSTING = tomllib.loads(blocks("toml")[0])
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


# The guide


def test_blocks_of_code_parse() -> None:
    """JSON, TOML and YAML can be pasted, and so can every command."""
    assert len([json.loads(block) for block in blocks("json")]) == 4
    assert len([tomllib.loads(block) for block in blocks("toml")]) == 1
    assert len([list(yaml.safe_load_all(block)) for block in blocks("yaml")]) == 2
    assert {command[0] for command in commands()} == {"uvicorn", "docker", "curl", "claude"}
    assert [compile(block, "guide", "exec") for block in blocks("python")]


def test_the_image_is_of_this_version() -> None:
    """Wherever it is named."""
    assert set(re.findall(r"blaxel-mcp:([\w.]+)", GUIDE)) == {__version__}


def test_options_and_variables_exist() -> None:
    """Each that is named is one of the program's, of Blaxel's hosting, or of a tool that a command here uses."""
    used = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", GUIDE))
    others = {word.split("=")[0] for command in commands() for word in command[1:] if word.startswith("--")}
    assert used <= {option_for(name) for name in FIELDS} | others | {"--demo"}
    assert set(re.findall(r"\b(?:BL|BLAXEL|OTEL|SSL)_[A-Z_]+", GUIDE)) <= FIELDS.keys() | {"BL_NAME"}


@pytest.mark.parametrize(
    "said",
    [
        f"`--max-requests` ({FIELDS['BLAXEL_MCP_MAX_REQUESTS'].default})",
        f"`--max-streams` ({FIELDS['BLAXEL_MCP_MAX_STREAMS'].default})",
        f"A body may have {BODY_BYTES // 1024**2} MiB and take {BODY_SECONDS:.0f} seconds;",
        f" above {SMALL_BODY_BYTES // 1024} KiB, {LARGE_BODIES} at once",
        f"requests + streams + {SPARE_CONNECTIONS}",
        f"calls in flight get {IN_FLIGHT_SECONDS} seconds",
        f"| cut off after {STALLED_SECONDS:.0f} to {2 * STALLED_SECONDS:.0f} seconds without progress |",
        f"--timeout-graceful-shutdown {GRACE_SECONDS} --timeout-keep-alive {KEEP_ALIVE_SECONDS} ",
        f"({MIN_STATE_KEY} characters or more)",
        f"a call waits {WAIT_SECONDS} seconds at most",
    ],
)
def test_numbers_are_the_programs(said: str) -> None:
    """Each limit that the guide names is the one in force."""
    assert said in GUIDE


def test_the_request_log_looks_as_shown() -> None:
    """The program writes both lines, letter by letter, when it is told of what is in them."""
    call, refusal = [json.loads(block) for block in blocks("json")[:2]]
    ids = {name: call[name] for name in ("jobId", "executionId")}
    cost = (call["durationMs"] / 1000, call["upstreamCalls"], call["bytes"])
    written: list[str] = []
    RequestLog(lambda: datetime.fromisoformat(call["time"]), written.append).handled(
        RequestRecord(call["method"], call["target"], ids, call["status"], *cost)
    )
    RequestLog(lambda: datetime.fromisoformat(refusal["time"]), written.append).rejected(
        refusal["route"], refusal["status"]
    )
    assert [block.strip() for block in blocks("json")[:2]] == written


def test_the_metrics_are_those_named() -> None:
    """All that there are, and no other."""
    metrics = Metrics(frozenset({"get_job_execution"}))
    metrics.handled(RequestRecord("tools/call", "get_job_execution", {}, "ok", 0.1, 1, 100))
    metrics.rejected(MCP, 401)
    metrics.upstream_attempt("get_execution", 200, 0.1)
    families = re.findall(
        r"^# TYPE (\S+) (?:counter|histogram)$", bytes(metrics.response().body).decode(), re.MULTILINE
    )
    assert re.findall(r"`(blaxel_mcp_[a-z_]+)`", GUIDE) == families


def test_the_uvicorn_command_is_one() -> None:
    """Each option is one of its own, and there is such a factory."""
    (arguments,) = (command[1:] for command in commands() if command[0] == "uvicorn")
    given = uvicorn.main.make_context("uvicorn", arguments).params
    module, _, factory = given["app"].partition(":")
    assert callable(getattr(importlib.import_module(module), factory))
    assert (given["factory"], given["workers"]) == (True, 4)


def test_clients_send_what_is_asked_for() -> None:
    """To the address of this server: a token, or one's own credential and workspace."""
    ways = [{"Authorization"}, {CREDENTIAL_HEADER, WORKSPACE_HEADER}]
    claude = [command for command in commands() if command[0] == "claude"]
    sent = [
        {header.split(":")[0] for option, header in itertools.pairwise(command) if option == "--header"}
        for command in claude
    ]
    assert sent == ways
    code, cursor = [json.loads(block) for block in blocks("json")[2:]]
    entries = [code["servers"]["blaxel"], cursor["mcpServers"]["blaxel"]]
    assert [set(entry["headers"]) for entry in entries] == ways
    assert {entry["url"] for entry in entries} == {command[6] for command in claude} == {f"https://{NAME}{MCP}"}


# nginx; tests/test_nginx.py runs it


def test_nginx_and_the_program_agree() -> None:
    """What is too slow or too large for one is so for the other, and nginx never outlasts an idle connection."""
    (block,) = blocks("nginx")
    said = dict(re.findall(r"^ +([a-z_]+) ([^;{]+);", block, re.MULTILINE))
    assert said["proxy_buffering"] == "off"
    assert said["client_header_timeout"] == f"{STALLED_SECONDS:.0f}s"
    assert said["client_body_timeout"] == f"{BODY_SECONDS:.0f}s"
    assert said["client_max_body_size"] == f"{BODY_BYTES // 1024**2}m"
    assert int(said["proxy_read_timeout"].removesuffix("s")) > WAIT_SECONDS
    assert int(said["keepalive_timeout"].removesuffix("s")) < KEEP_ALIVE_SECONDS
    assert said["server"] == f"127.0.0.1:{FIELDS['BLAXEL_MCP_PORT'].default}"


# Kubernetes


def test_the_manifests_belong_together() -> None:
    """A Secret, a Deployment of two replicas, and a Service that finds its pods."""
    kinds = [(each["kind"], each["metadata"]["name"]) for each in (SECRET, DEPLOYMENT, SERVICE)]
    assert kinds == [("Secret", "blaxel-mcp"), ("Deployment", "blaxel-mcp"), ("Service", "blaxel-mcp")]
    assert DEPLOYMENT["spec"]["replicas"] == 2
    labels = DEPLOYMENT["spec"]["template"]["metadata"]["labels"]
    assert DEPLOYMENT["spec"]["selector"]["matchLabels"] == SERVICE["spec"]["selector"] == labels
    (port,) = CONTAINER["ports"]
    assert port["containerPort"] == FIELDS["BLAXEL_MCP_PORT"].default
    assert SERVICE["spec"]["ports"][0]["targetPort"] == port["name"]


@pytest.mark.parametrize("probe", ["readinessProbe", "livenessProbe"])
def test_probes_ask_for_health(probe: str) -> None:
    """On the port that the container names."""
    assert CONTAINER[probe]["httpGet"] == {"path": HEALTH, "port": CONTAINER["ports"][0]["name"]}


def test_a_pod_serves_with_what_it_is_given() -> None:
    """Its variables are settings, the secret ones come from the Secret, and the image starts with them."""
    given = {}
    for variable in CONTAINER["env"]:
        if source := variable.get("valueFrom", {}).get("secretKeyRef"):
            assert source["name"] == SECRET["metadata"]["name"]
            given[variable["name"]] = SECRET["stringData"][source["key"]]
        else:
            given[variable["name"]] = variable["value"]
    assert given.keys() <= FIELDS.keys()
    settings = load(parse(IMAGE.entrypoint[1:] + CONTAINER["args"]).flags, IMAGE.environment | given, None)
    check_exposure(settings, loopback=False)
    assert settings.credential is not None
    assert settings.request_log
    assert {NAME, SERVICE["metadata"]["name"]} <= set(allowed_hosts(settings))


def test_a_scraper_may_ask_a_pod_by_its_address() -> None:
    """The allow-list with the pod's address filled in is one."""
    address, names = yaml.safe_load(blocks("yaml")[1])
    filled = names["value"].replace(f"$({address['name']})", "10.1.2.3")
    assert load({}, {names["name"]: filled}, None).allowed_hosts == (NAME, SERVICE["metadata"]["name"], "10.1.2.3:*")


def test_the_service_does_not_set_our_port() -> None:
    """Kubernetes would tell each pod of the Service in a variable that means something else here."""
    link = SERVICE["metadata"]["name"].upper().replace("-", "_") + "_PORT"
    assert link in FIELDS
    assert POD["enableServiceLinks"] is False


def test_a_pod_is_left_the_time_to_end() -> None:
    """The wait before the signal, then all that the program takes."""
    _, before = CONTAINER["lifecycle"]["preStop"]["exec"]["command"]
    assert POD["terminationGracePeriodSeconds"] > int(before) + IN_FLIGHT_SECONDS + GRACE_SECONDS


def test_a_pod_may_do_nothing_but_serve() -> None:
    """The user of the image, without a way to become another, on a file system that cannot be written to."""
    assert POD["securityContext"]["runAsNonRoot"] is True
    assert f"{POD['securityContext']['runAsUser']}" == IMAGE.last("USER").split(":")[0]
    assert CONTAINER["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


# Blaxel's hosting

HOSTED = {
    "BL_NAME": "blaxel-mcp",
    "HOST": "::",
    "PORT": "80",
    "BL_WORKSPACE": "my-ws",
    "BL_CLIENT_CREDENTIALS": "id:key",
}


@pytest.mark.parametrize(
    ("command", "image"),
    [(HOSTING["entrypoint"]["prod"].split(), {}), (IMAGE.entrypoint, IMAGE.environment)],
    ids=["entrypoint", "Dockerfile"],
)
def test_on_blaxels_hosting_it_listens_where_it_is_told_and_has_a_credential(
    command: list[str], image: dict[str, str]
) -> None:
    """Whichever of the two the platform takes: its address and port, its service account, and the door left to it."""
    assert command[0] == "blaxel-mcp"
    settings = load(parse(command[1:]).flags, image | HOSTING["env"] | HOSTED, None)
    check_exposure(settings, loopback=False)
    assert (settings.transport, settings.host, settings.port) == ("streamable-http", "::", 80)
    assert isinstance(settings.credential, ClientCredentials)
    assert (settings.workspace, settings.auth) == ("my-ws", "gateway")
    assert allowed_hosts(settings) == ["run.blaxel.ai"]


def test_the_hosted_server_is_private() -> None:
    """With the door left to the platform, a public one would be open to all."""
    (trigger,) = HOSTING["triggers"]
    assert (HOSTING["type"], trigger["configuration"]["authenticationType"]) == ("function", "private")
    assert HOSTING["env"].keys() <= FIELDS.keys()


# The image


def test_the_base_is_pinned_and_slim() -> None:
    """One version for both stages, to the patch."""
    (base,) = {each.split(" AS ")[0] for each in IMAGE.all("FROM")}
    assert re.fullmatch(r"python:3\.\d+\.\d+-slim-[a-z]+", base)


def test_it_does_not_run_as_root() -> None:
    """A number, so that Kubernetes can tell."""
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", IMAGE.last("USER"))


def test_what_the_build_needs_is_there() -> None:
    """What is copied is what the wheel is made of, nothing of it is ignored, and no extra of the program is missing."""
    copied = {word for each in IMAGE.all("COPY")[:-1] for word in each.split()[:-1]}
    project = PROJECT["project"]
    hatch = PROJECT["tool"]["hatch"]
    packages = hatch["build"]["targets"]["wheel"]["packages"]
    readme = {each["path"] for each in hatch["metadata"]["hooks"]["fancy-pypi-readme"]["fragments"]}
    assert copied == {"pyproject.toml", *readme, *project["license-files"], *packages}
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert {line[1:] for line in ignored if line.startswith("!")} == copied
    (extras,) = re.findall(r'"\.\[(.*)\]"', " ".join(IMAGE.all("RUN")))
    assert set(extras.split(",")) == project["optional-dependencies"].keys() - {"dev"}


def test_the_image_asks_for_authentication_and_then_serves() -> None:
    """The entrypoint alone refuses to start; with a token it listens on the port that the image exposes."""
    command, *arguments = IMAGE.entrypoint
    assert command in PROJECT["project"]["scripts"]
    flags = parse(arguments).flags
    with pytest.raises(ConfigurationError, match="BLAXEL_MCP_AUTH_TOKEN"):
        check_exposure(load(flags, IMAGE.environment, None), loopback=False)
    settings = load(flags, IMAGE.environment | {"BLAXEL_MCP_AUTH_TOKEN": "let-me-in"}, None)
    check_exposure(settings, loopback=False)
    assert (settings.transport, settings.host) == ("streamable-http", "0.0.0.0")  # noqa: S104 - inside a container
    assert settings.port == int(IMAGE.last("EXPOSE")) == int(re.findall(r"or (\d+)", IMAGE.last("HEALTHCHECK"))[0])


@pytest.mark.slow
def test_the_health_check_tells_whether_it_serves() -> None:
    """Its command is run: it succeeds while a server is there, through no proxy, and fails after."""
    with Program("--transport", "http", "--port", "0", "--demo") as program:
        port = program.listening().rsplit(":", 1)[1]
        assert check_health(port) == 0
    assert check_health(port) == 1


def check_health(port: str) -> int:
    """The exit code of the image's health check, for a server on this port."""
    python, *arguments = IMAGE.health_check
    assert python == "python"
    env = environment(BLAXEL_MCP_PORT=port, HTTP_PROXY="http://127.0.0.1:9", http_proxy="http://127.0.0.1:9")
    ended = subprocess.run(  # noqa: S603 - our own
        [sys.executable, *arguments], env=env, capture_output=True, timeout=PATIENCE, check=False
    )
    return ended.returncode
