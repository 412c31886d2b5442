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
FOREVER = {"Cache-Control": "private, max-age=31536000, immutable"}


def _answering(function: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
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


@_answering
async def _decode_at(request: Request) -> Response:
    """POST {"map": "…", "points": [[x, y], …]} -> the pictures that the decoder gives at places on a map."""
    run_id, body = request.path_params["run"], await _body(request)
    return await _decoded(decoding.decode_places, run_id, str(body.get("map", "")), body.get("points"))


@_answering
async def _nearest(request: Request) -> Response:
    """POST {"codes": [[…]]} -> the pictures of the items nearest to it in the code space."""
    body = await _body(request)
    return await _decoded(decoding.nearest_items, request.path_params["run"], body.get("codes"))


@_answering
async def _paths(request: Request) -> Response:
    """POST {"a": …, "b": …, "steps": 12, "ways": ["line", …]} -> pictures along ways from A to B."""
    return await _decoded(ways.answer, request.path_params["run"], await _body(request))


@_answering
async def _words(request: Request) -> Response:
    """POST {"words": [[…], …], "cell": [row, column]} -> the grid's picture, then those with the words near to one."""
    body = await _body(request)
    return await _decoded(decoding.decode_words, request.path_params["run"], body.get("words"), body.get("cell"))


async def _noise(request: Request) -> Response:
    """POST {"runs": […], "item" or "picture", "stack": […]} -> the input and what each run makes of it, as pictures."""
    return await _decoded(disturb.answer, await _body(request))


@_answering
async def _noise_places(request: Request) -> Response:
    """POST the same -> where the codes go on each run's small map, in the header."""
    return await _decoded(disturb.places, await _body(request))


@_answering
async def _draw(request: Request) -> Response:
    """POST {"run": …, "ink": base64} -> the drawing as an item, and its reconstruction; "keep" keeps the drawing."""
    return await _decoded(sketch.answer, await _body(request))


@_answering
async def _draw_near(request: Request) -> Response:
    """POST the same -> the nearest items' pictures; the place on the small map and the vote stand in the header."""
    return await _decoded(sketch.near, await _body(request))


@_answering
async def _ink(request: Request) -> Response:
    """GET a kept drawing: uint8 (128, 128), or (128, 128, 3) of a painted one."""
    pixels = await run_in_threadpool(drawn.picture, request.path_params["drawing"])
    return Response(pixels.tobytes(), media_type="application/octet-stream", headers=FOREVER)


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


@_answering
async def _array(request: Request) -> Response:
    """GET one array of a map: float32 or int32, little-endian. The address holds the weights' version."""
    path = request.path_params
    data = await run_in_threadpool(
        decoding.map_array,
        path["run"],
        path["version"],
        path["split"],
        path["what"],
        request.query_params.get("map", ""),
    )
    return Response(data, media_type="application/octet-stream", headers=FOREVER)


@_answering
async def _thumbnails(request: Request) -> Response:
    """GET one chunk of the items' own pictures: uint8 (rows, height, width, channels)."""
    path = request.path_params
    data = await run_in_threadpool(decoding.thumbnails, path["run"], path["version"], path["split"], path["chunk"])
    return Response(data, media_type="application/octet-stream", headers=FOREVER)


@_answering
async def _layer(request: Request) -> Response:
    """GET one layer of a map: a header of JSON and arrays, see ``ui.lattice.packed``."""
    path, query = request.path_params, dict(request.query_params)
    data = await run_in_threadpool(map_layers.answer, path["run"], path["version"], path["split"], path["what"], query)
    return Response(data, media_type="application/octet-stream", headers=FOREVER)


@_answering
async def _movie_points(request: Request) -> Response:
    """GET the points of some frames of a movie in a row, see ``ui.movie_data.points``."""
    path = request.path_params
    data = await run_in_threadpool(movie_data.points, path["run"], path["layout"], path["first"], path["last"])
    return Response(data, media_type="application/octet-stream", headers=FOREVER)


@_answering
async def _movie_cast(request: Request) -> Response:
    """GET the class and the number in the dataset of a movie's items: int32 (2, n)."""
    path = request.path_params
    data = await run_in_threadpool(movie_data.cast, path["run"], path["version"])
    return Response(data, media_type="application/octet-stream", headers=FOREVER)


@_answering
async def _movie_pictures(request: Request) -> Response:
    """GET one chunk of the pictures of a movie's items: uint8 (rows, height, width, channels)."""
    path = request.path_params
    data = await run_in_threadpool(movie_data.pictures, path["run"], path["version"], path["chunk"])
    return Response(data, media_type="application/octet-stream", headers=FOREVER)


@_answering
async def _module(request: Request) -> Response:
    """GET a component's JavaScript module."""
    path = request.path_params
    return Response(modules.read(path["version"], path["file"]), media_type="text/javascript", headers=FOREVER)


routes = [
    Route("/api/components/{version}/{file}", _module),
    Route("/api/noise", _noise, methods=["POST"]),
    Route("/api/noise/places", _noise_places, methods=["POST"]),
    Route("/api/draw", _draw, methods=["POST"]),
    Route("/api/draw/near", _draw_near, methods=["POST"]),
    Route("/api/drawn/{drawing}", _ink),
    Route("/api/runs/{run}/decode", _decode, methods=["POST"]),
    Route("/api/runs/{run}/nearest", _nearest, methods=["POST"]),
    Route("/api/runs/{run}/words", _words, methods=["POST"]),
    Route("/api/runs/{run}/paths", _paths, methods=["POST"]),
    Route("/api/runs/{run}/decode_at", _decode_at, methods=["POST"]),
    Route("/api/runs/{run}/movie/points/{layout}/{first}/{last}", _movie_points),
    Route("/api/runs/{run}/movie/items/{version}", _movie_cast),
    Route("/api/runs/{run}/movie/pictures/{version}/{chunk:int}", _movie_pictures),
    Route("/api/runs/{run}/{version}/{split}/thumbnails/{chunk:int}", _thumbnails),
    Route("/api/runs/{run}/{version}/{split}/layers/{what}", _layer),
    Route("/api/runs/{run}/{version}/{split}/{what}", _array),
]
