"""The console as a browser gets it: its page, its files, and what it asks the daemon."""

import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.server.conftest import KEY, RAW, UPGRADE, Server, StartServer

ROOT = Path(__file__).resolve().parent.parent.parent
FILES = sorted(path.name for path in (ROOT / "lwd/console").iterdir() if path.is_file())
WITH_KEY = {"Authorization": f"Token {KEY}"}


async def test_the_page_and_its_files_need_no_key(start_server: StartServer) -> None:
    """They hold nothing secret; what they show they ask for with the key that is typed in."""
    server = await start_server(auth__keys=[KEY])

    page = await server.client.get("/")
    text = await page.text()

    assert page.status == 200
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    named = re.findall(r'(?:src|href)="(console/[^"]+)"', text)
    assert len(named) == 3
    for path in (*named, *(f"console/{name}" for name in FILES)):
        assert (await server.client.get(f"/{path}")).status == 200, path


async def test_the_page_may_do_little(server: Server) -> None:
    """Nothing from elsewhere, nothing inline, no page around it, and no guessed types."""
    for path in ("/", "/console/main.js"):
        headers = (await server.client.get(path)).headers
        policy = dict(part.split(" ", 1) for part in headers["Content-Security-Policy"].split("; "))

        assert policy["default-src"] == policy["frame-ancestors"] == "'none'"
        assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize("name", FILES)
def test_no_file_reaches_beyond_lwd(name: str) -> None:
    """No address of another host but in comments and code to copy, no style or script in tags."""
    text = (ROOT / "lwd/console" / name).read_text()

    addresses = re.findall(
        r"\b(?:https?|wss?)://[a-z0-9][a-z0-9.]*", re.sub(r"^//.*$", "", text, flags=re.MULTILINE)
    )
    assert set(addresses) <= {"http://www.w3.org"}
    assert not re.search(r"<script>|<style|\sstyle=|\son[a-z]+=\"|innerHTML|\beval\(", text)
    for module in re.findall(r'from "\./([^"]+)"', text):
        assert module in FILES


async def test_a_file_that_a_browser_has_is_not_sent_again(server: Server) -> None:
    """It asks each time, so that an upgrade shows at once."""
    first = await server.client.get("/console/main.js")
    tag = first.headers["ETag"]

    again = await server.client.get("/console/main.js", headers={"If-None-Match": tag})
    other = await server.client.get("/console/main.js", headers={"If-None-Match": '"other"'})

    assert (again.status, await again.read(), again.headers["ETag"]) == (304, b"", tag)
    assert other.status == 200


async def test_the_console_can_be_switched_off(start_server: StartServer) -> None:
    """Nothing of it is there then."""
    server = await start_server(console__enabled=False)

    for path in ("/", "/console/main.js"):
        response = await server.client.get(path)
        assert response.status == 404
        assert (await response.json())["err_code"] == "NOT_FOUND"


@pytest.mark.parametrize("name", ["nothing.js", "..%2Fconfig%2Fschema.py", "__init__.py", "%00"])
async def test_only_its_own_files_are_served(server: Server, name: str) -> None:
    """Nothing else of the package can be had."""
    assert (await server.client.get(f"/console/{name}")).status == 404


@pytest.mark.parametrize("origin", ["http://127.0.0.1:{port}", "http://lwd.example:{port}"])
async def test_its_own_page_may_open_streams(start_server: StartServer, origin: str) -> None:
    """Without keys too, by any name that lwd may be called by."""
    server = await start_server(server__allowed_hosts=["lwd.example"])
    page = origin.format(port=server.client.port)
    headers = {"Host": page.removeprefix("http://"), "Origin": page}

    async with server.client.ws_connect("/v1/listen", params=RAW, headers=headers) as socket:
        await socket.send_str('{"type":"CloseStream"}')
        assert (await socket.receive_json())["type"] == "Metadata"


async def test_a_page_learns_by_fetch_why_its_socket_was_refused(start_server: StartServer) -> None:
    """The same request without an upgrade is refused for the same reason, in words."""
    server = await start_server(auth__keys=[KEY], limits__streams=1)

    async def code(params: dict[str, str], headers: dict[str, str]) -> tuple[int, str]:
        response = await server.client.get("/v1/listen", params=params, headers=headers)
        body = await response.json()
        return response.status, body["err_code"]

    assert await code({"encoding": "wax"}, WITH_KEY) == (400, "INVALID_QUERY_PARAMETER")
    assert await code(RAW, {}) == (401, "INVALID_AUTH")
    async with server.client.ws_connect("/v1/listen", params=RAW, headers=WITH_KEY):
        assert await code(RAW, WITH_KEY) == (429, "TOO_MANY_REQUESTS")
        assert await code(RAW, WITH_KEY | UPGRADE) == (429, "TOO_MANY_REQUESTS")
    await server.streams.wait_empty()
    assert await code(RAW, WITH_KEY) == (400, "Bad Request")


def test_the_wheel_has_the_console(tmp_path: Path) -> None:
    """Whoever installs lwd has every file of it."""
    tree = tmp_path / "tree"
    shutil.copytree(ROOT / "lwd", tree / "lwd", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tree / name)
    build = f"import setuptools.build_meta as build; build.build_wheel({str(tmp_path)!r})"
    subprocess.run([sys.executable, "-c", build], cwd=tree, check=True, capture_output=True)

    [wheel] = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if name.startswith("lwd/console/")}

    assert held == {f"lwd/console/{name}" for name in FILES}
