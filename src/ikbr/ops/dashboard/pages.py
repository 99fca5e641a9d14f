"""The pages: two HTML files and what they load, all of it from this package."""

from __future__ import annotations

from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response

HERE = Path(__file__).parent / "static"
CHARTS = Path(__file__).parents[2] / "assets" / "lightweight-charts.standalone.production.js"

TYPES = {
    ".css": "text/css",
    ".html": "text/html",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".txt": "text/plain",
    ".woff2": "font/woff2",
}


async def index(_request: Request) -> Response:
    """Give the page."""
    return page("index.html", 200)


async def login(_request: Request) -> Response:
    """Give the page that asks who somebody is."""
    return page("login.html", 200)


def login_page(status: int) -> Response:
    """Give the page that asks who somebody is, with a status."""
    return page("login.html", status)


def page(name: str, status: int) -> Response:
    """Give one of the HTML files."""
    return HTMLResponse((HERE / name).read_bytes(), status)


async def asset(request: Request) -> Response:
    """Give a file that a page loads."""
    name = request.path_params["path"]
    path = CHARTS if name == "vendor/lightweight-charts.js" else assets().get(name)
    if path is None:
        raise HTTPException(404)
    return FileResponse(path, media_type=TYPES[path.suffix])


def assets() -> dict[str, Path]:
    """List the files that pages load, by name: nothing else can be asked for."""
    return {
        file.relative_to(HERE).as_posix(): file
        for file in sorted(HERE.rglob("*"))
        if file.is_file() and file.suffix in TYPES and file.suffix != ".html"
    }
