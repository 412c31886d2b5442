"""What a timer of the page may say: everything but clicks, which come in a message of their own."""

import asyncio
from typing import Any

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState

from ui.server import ClicksOnce

SLIDER = WidgetState(id="slider", double_array_value={"data": [0.5]})  # type: ignore[arg-type]
CLICKS = {
    "a button": WidgetState(id="button", trigger_value=True),
    "a text that is sent once": WidgetState(id="text", string_trigger_value={"data": "x"}),  # type: ignore[arg-type]
    "a component": WidgetState(id="part", json_trigger_value="{}"),
}


def frame(*values: WidgetState, by_timer: bool) -> bytes:
    message = BackMsg()
    message.rerun_script.is_auto_rerun, message.rerun_script.fragment_id = by_timer, "panel"
    message.rerun_script.widget_states.widgets.extend(values)
    return message.SerializeToString()


def heard(message: dict[str, Any], kind: str = "websocket") -> dict[str, Any]:
    """What the app gets of a message from the browser."""
    got = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        got.append(await receive())

    async def receive() -> dict[str, Any]:
        return message

    async def send(message: Any) -> None:
        raise AssertionError("nothing is answered here")

    asyncio.run(ClicksOnce(app)({"type": kind}, receive, send))
    return got[0]


@pytest.mark.parametrize("click", CLICKS.values(), ids=list(CLICKS))
def test_a_timer_says_no_click_and_all_else(click):
    found = BackMsg.FromString(
        heard({"type": "websocket.receive", "bytes": frame(SLIDER, click, by_timer=True)})["bytes"]
    )
    assert list(found.rerun_script.widget_states.widgets) == [SLIDER]
    assert found.rerun_script.fragment_id == "panel"


@pytest.mark.parametrize(
    "message",
    [
        {"type": "websocket.receive", "bytes": frame(SLIDER, *CLICKS.values(), by_timer=False)},
        {"type": "websocket.receive", "bytes": frame(SLIDER, by_timer=True)},
        {"type": "websocket.receive", "bytes": b"\xff\xff no message of Streamlit's"},
        {"type": "websocket.receive", "text": "words"},
        {"type": "websocket.disconnect", "code": 1000},
    ],
    ids=["a click's own message", "a timer without clicks", "no message", "text", "the end"],
)
def test_what_else_comes_by_is_left_as_it_is(message):
    assert heard(message) == message


def test_a_request_is_left_as_it_is():
    message = {"type": "http.request", "bytes": frame(*CLICKS.values(), by_timer=True)}
    assert heard(message, "http") == message
