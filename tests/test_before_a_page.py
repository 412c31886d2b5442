"""What the server does around a page: which modules it names ahead, and what it leaves uncompressed."""

import asyncio
import re

import pytest
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import Response

from ui.components import modules
from ui.server import AsTheyAre, ModulesAhead


def answered(app, path: str) -> dict[str, str]:
    """The headers of an app's answer to a browser that takes gzip."""
    sent = []

    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message):
        sent.append(message)

    headers = [(b"host", b"localhost"), (b"accept-encoding", b"gzip, deflate")]
    scope = {"type": "http", "method": "GET", "path": path, "headers": headers, "query_string": b""}
    asyncio.run(app(scope, receive, send))
    return {name.decode(): value.decode() for name, value in sent[0]["headers"]}


@pytest.mark.parametrize(("path", "packed"), [("/api/runs/a/1/all/points", False), ("/media/table.csv", True)])
def test_only_what_is_not_ours_is_compressed(path, packed):
    app = AsTheyAre(GZipMiddleware(Response(bytes(10_000), media_type="application/octet-stream")))
    assert (answered(app, path).get("content-encoding") == "gzip") == packed


@pytest.mark.parametrize("page", sorted(modules.FIRST))
def test_a_page_names_its_modules_and_all_that_they_import(page):
    link = answered(ModulesAhead(Response("the page")), f"/{page}")["link"]
    named = re.findall(r"<api/components/(\w+)/(\w+\.js)>; rel=modulepreload; fetchpriority=low", link)
    files = [file for version, file in named]
    assert files[0] == f"{modules.FIRST[page]}.js"
    assert len(files) == link.count("rel=") == len(set(files))
    assert {version for version, file in named} == {modules.version()}
    for file in files:
        text = modules.read(modules.version(), file).decode()
        code = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)  # comments name types of modules that are not needed
        imported = re.findall(r'(?:from|^import)\s*"\./(\w+\.js)"', code, re.MULTILINE)
        assert set(imported) <= set(files), f"{file} imports more"


def test_a_page_without_a_component_names_none():
    assert "link" not in answered(ModulesAhead(Response("the page")), "/home")
