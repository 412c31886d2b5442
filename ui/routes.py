"""The HTTP routes: live decoding, map data, thumbnails, component modules. No Streamlit in here, and no arithmetic."""

import functools
import json
import time
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from aelib.errors import AelibError
from aelib.files import parse_json
from ui import decoding, disturb, drawn, map_layers, movie_data, sketch, ways
from ui.components import modules

BODY_CAP = 2**20  # bytes of a request
Endpoint = Callable[[Request], Awaitable[Response]]
FOREVER = {"Cache-Control": "private, max-age=31536000, immutable"}


def _answering(function: Endpoint) -> Endpoint:
    """Turn our errors into JSON with a status, so that a component can show the sentence."""

    @functools.wraps(function)
    async def answer(request: Request) -> Response:
        try:
            return await function(request)
        except AelibError as error:
            missing = error.code in ("E_ID", "E_NO_RUN", "E_NO_WEIGHTS", "E_NOT_FOUND")
            return JSONResponse(error.as_dict(), 404 if missing else 400)

    return answer


async def _body(request: Request) -> dict[str, Any]:
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > BODY_CAP:
            raise AelibError("E_TOO_LARGE", "The request is too large", f"more than {BODY_CAP} bytes")
        parts.append(part)
    value = parse_json(b"".join(parts), "the request")
    if not isinstance(value, dict):
        raise AelibError("E_REQUEST", "The request is not an object")
    return value


@_answering
async def _decode(request: Request) -> Response:
    """POST {"codes": [[…], …]} -> the decoded pictures; `labels` or ?label= for a conditional model."""
    run_id, body = request.path_params["run"], await _body(request)
    labels = body.get("labels")
    asked = labels[0] if isinstance(labels, list) and labels else request.query_params.get("label", "0")
    label = int(asked) if str(asked).isdecimal() and len(str(asked)) < 6 else 0
    return await _decoded(decoding.decode_codes, run_id, body.get("codes"), label)


async def _decoded(function: Callable[..., decoding.Decoded], *arguments: Any) -> Response:
    began = time.perf_counter()
    found = await run_in_threadpool(function, *arguments)
    about = {
        "shape": list(found.pictures.shape),
        "support": [round(float(share), 4) for share in found.support],
        "milliseconds": round(1000 * (time.perf_counter() - began), 2),
        **found.more,
    }
    return Response(
        found.pictures.tobytes(), media_type="application/octet-stream", headers={"X-Loupe": json.dumps(about)}
    )


def _posted(function: Callable[[str, dict[str, Any]], decoding.Decoded]) -> Endpoint:
    """An endpoint that gives the run and the JSON it is sent to a function, and answers with the pictures it gives."""

    @_answering
    async def answer(request: Request) -> Response:
        return await _decoded(function, request.path_params.get("run", ""), await _body(request))

    return answer


def _kept(function: Callable[[dict[str, Any], dict[str, str]], bytes]) -> Endpoint:
    """An endpoint that gives its address's parts and query to a function; the bytes may be kept for ever.

    An address holds the version of what it gives: the weights', the movie's, the modules'.
    """

    @_answering
    async def answer(request: Request) -> Response:
        data = await run_in_threadpool(function, request.path_params, dict(request.query_params))
        return Response(data, media_type="application/octet-stream", headers=FOREVER)

    return answer


@_answering
async def _module(request: Request) -> Response:
    """GET a component's JavaScript module."""
    path = request.path_params
    return Response(modules.read(path["version"], path["file"]), media_type="text/javascript", headers=FOREVER)


routes = [
    Route("/api/components/{version}/{file}", _module),
    # {"runs": […], "item" or "picture", "stack": […]} -> the input and what each run makes of it
    Route("/api/noise", _posted(lambda _, body: disturb.answer(body)), methods=["POST"]),
    # the same -> where the codes go on each run's small map, in the header
    Route("/api/noise/places", _posted(lambda _, body: disturb.places(body)), methods=["POST"]),
    # {"run": …, "ink": base64} -> the drawing as an item, and its reconstruction; "keep" keeps the drawing
    Route("/api/draw", _posted(lambda _, body: sketch.answer(body)), methods=["POST"]),
    # the same -> the nearest items; the place on the small map and the vote stand in the header
    Route("/api/draw/near", _posted(lambda _, body: sketch.near(body)), methods=["POST"]),
    # a kept drawing: uint8 (128, 128), or (128, 128, 3) of a painted one
    Route("/api/drawn/{drawing}", _kept(lambda at, _: drawn.picture(at["drawing"]).tobytes())),
    Route("/api/runs/{run}/decode", _decode, methods=["POST"]),
    # {"codes": [[…]]} -> the items nearest to it in the code space
    Route(
        "/api/runs/{run}/nearest",
        _posted(lambda run, body: decoding.nearest_items(run, body.get("codes"))),
        methods=["POST"],
    ),
    # {"words": [[…], …], "cell": [row, column]} -> the grid's picture, then those with the words near to one
    Route(
        "/api/runs/{run}/words",
        _posted(lambda run, body: decoding.decode_words(run, body.get("words"), body.get("cell"))),
        methods=["POST"],
    ),
    # {"a": …, "b": …, "steps": 12, "ways": ["line", …]} -> pictures along ways from A to B
    Route("/api/runs/{run}/paths", _posted(ways.answer), methods=["POST"]),
    # {"map": "…", "points": [[x, y], …]} -> what the decoder gives at places on a map
    Route(
        "/api/runs/{run}/decode_at",
        _posted(lambda run, body: decoding.decode_places(run, str(body.get("map", "")), body.get("points"))),
        methods=["POST"],
    ),
    # the points of some frames of a movie in a row, see ``ui.movie_data.points``
    Route(
        "/api/runs/{run}/movie/points/{layout}/{first}/{last}",
        _kept(lambda at, _: movie_data.points(at["run"], at["layout"], at["first"], at["last"])),
    ),
    # class and number in the dataset of a movie's items: int32 (2, n)
    Route("/api/runs/{run}/movie/items/{version}", _kept(lambda at, _: movie_data.cast(at["run"], at["version"]))),
    # a chunk of their pictures: uint8 (rows, height, width, channels)
    Route(
        "/api/runs/{run}/movie/pictures/{version}/{chunk:int}",
        _kept(lambda at, _: movie_data.pictures(at["run"], at["version"], at["chunk"])),
    ),
    # a chunk of the items' own pictures: uint8 (rows, height, width, channels)
    Route(
        "/api/runs/{run}/{version}/{split}/thumbnails/{chunk:int}",
        _kept(lambda at, _: decoding.thumbnails(at["run"], at["version"], at["split"], at["chunk"])),
    ),
    # a layer of a map: a header of JSON and arrays, see ``ui.lattice.packed``
    Route(
        "/api/runs/{run}/{version}/{split}/layers/{what}",
        _kept(lambda at, query: map_layers.answer(at["run"], at["version"], at["split"], at["what"], query)),
    ),
    # an array of a map: float32 or int32, little-endian
    Route(
        "/api/runs/{run}/{version}/{split}/{what}",
        _kept(
            lambda at, query: decoding.map_array(
                at["run"], at["version"], at["split"], at["what"], query.get("map", "")
            )
        ),
    ),
]
