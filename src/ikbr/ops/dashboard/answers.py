"""Requests and answers as JSON: bodies are checked, failures told without what is inside."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from ikbr.domain.errors import IkbrError
from ikbr.ops.dashboard.guard import LARGEST_BODY, RefusedError

Body = TypeVar("Body", bound=msgspec.Struct)


async def body_of(request: Request, kind: type[Body]) -> Body:
    """Read the body of a request.

    Raises:
        RefusedError: When it is not JSON, or not what is asked for.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise RefusedError(400, "send JSON (content-type: application/json).")
    try:
        return msgspec.json.decode(await request.body(), type=kind)
    except ClientDisconnect:
        raise RefusedError(413, f"a request has {LARGEST_BODY:,} bytes at most.") from None
    except msgspec.ValidationError as error:
        raise RefusedError(400, f"the request cannot be understood: {error}.") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise RefusedError(400, "the request cannot be understood: it is no JSON.") from None


def number_of(request: Request, name: str, default: int) -> int:
    """Read a whole number of the query.

    Raises:
        RefusedError: When it is none.
    """
    text = request.query_params.get(name)
    if not text:
        return default
    try:
        return int(text[:20])
    except ValueError:
        raise RefusedError(400, f"{name} {text[:20]!r} is no whole number.") from None


def plain_json(value: Any) -> Response:
    """Answer with JSON; what is not a number is null."""
    return Response(msgspec.json.encode(value), media_type="application/json")


async def on_refusal(_request: Request, error: Exception) -> Response:
    """Tell why not."""
    assert isinstance(error, RefusedError)
    return JSONResponse({"error": str(error)}, error.status)


async def on_ikbr_error(_request: Request, error: Exception) -> Response:
    """Tell what a bot, or a file, says no to."""
    assert isinstance(error, IkbrError)
    return JSONResponse({"error": str(error)}, 409)


async def on_http_error(_request: Request, error: Exception) -> Response:
    """Tell that there is no such thing."""
    status = int(getattr(error, "status_code", 404))
    words = {404: "there is no such thing here.", 405: "that cannot be done with it."}
    return JSONResponse({"error": words.get(status, "that cannot be.")}, status)


async def on_bug(_request: Request, _error: Exception) -> Response:
    """Say that something is wrong inside, and nothing of what; the server logs that."""
    return JSONResponse({"error": "something is wrong inside; the log says what."}, 500)
