"""The file that `bl login` writes is read, and never touched: not for a new token, not for anything."""

import os
import stat
from pathlib import Path

import pytest
from support.program import Program, run

from blaxel_mcp.demo import control_plane, script

LOGIN = f"""\
# written by a person, with a comment that no program would keep
context:
  workspace: {script.WORKSPACE}
workspaces:
- name: {script.WORKSPACE}
  credentials:
    access_token: stale
    refresh_token: {script.REFRESH_TOKEN}
    device_code: {script.DEVICE_CODE}
"""


def state(home: Path) -> dict[str, tuple[str, int, int, int]]:
    """Every file and folder in a home: what is in it, its mode, when it was written, and which file it is."""
    found = {}
    for path in sorted(home.rglob("*")):
        status = path.stat()
        text = path.read_text(encoding="utf-8") if path.is_file() else ""
        found[str(path.relative_to(home))] = (text, stat.S_IMODE(status.st_mode), status.st_mtime_ns, status.st_ino)
    return found


@pytest.mark.slow
def test_the_login_file_is_never_written(tmp_path: Path) -> None:
    """A token that is renewed stays in memory, for each command; the folder stays as it was, too."""
    folder = tmp_path / ".blaxel"
    folder.mkdir()
    file = folder / "config.yaml"
    file.write_text(LOGIN, encoding="utf-8")
    file.chmod(0o600)
    os.utime(file, (1_700_000_000, 1_700_000_000))
    before = state(tmp_path)
    app = control_plane.build_app()
    with control_plane.serve(app) as plane:
        env = {"BL_API_URL": plane, "HOME": str(tmp_path)}
        assert run("doctor", env=env)[0] == 0
        assert run("get", "image-resize", script.FAILED, env=env)[0] == 0
        with Program(env=env) as program:
            answer = program.request("tools/call", {"name": "list_jobs", "arguments": {}}, modern=True)
            assert not answer["result"].get("isError")
            program.close_input()
            assert program.wait() == 0
        renewed = [seen for seen in app.state.requests if seen.path.endswith("/oauth/token")]
    assert len(renewed) == 3
    assert state(tmp_path) == before
