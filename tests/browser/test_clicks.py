"""A click counts once, even when a timer of the page sends what it says before it."""

from playwright.sync_api import Page, WebSocketRoute, expect
from streamlit.proto.BackMsg_pb2 import BackMsg

from tests.browser.driving import Server, parameters, settle, wait_for_parameter
from tests.waiting import wait_until


def test_a_click_that_a_timer_carries_too_counts_once(page: Page, server: Server) -> None:
    timers: list[str] = []
    doubled: list[str] = []

    def beside_a_timer(route: WebSocketRoute) -> None:
        """Sends each click twice, as the browser does by chance: first with the values that a timer sends."""
        to_server = route.connect_to_server()

        def pass_on(frame: str | bytes) -> None:
            assert isinstance(frame, bytes)
            message = BackMsg.FromString(frame)
            asked = message.rerun_script
            if asked.is_auto_rerun:
                timers.append(asked.fragment_id)
            clicked = [value.id for value in asked.widget_states.widgets if value.trigger_value]
            if clicked and timers:
                asked.fragment_id, asked.is_auto_rerun = timers[-1], True
                to_server.send(message.SerializeToString())
                doubled.extend(clicked)
            to_server.send(frame)

        route.on_message(pass_on)

    page.route_web_socket(lambda address: "_stcore/stream" in address, beside_a_timer)
    page.goto(server.page("paths", **{"run": "digits-vae", "from": "10", "to": "20"}))
    expect(page.get_by_role("button", name="Swap A and B")).to_be_visible()
    wait_until(lambda: page.evaluate("true") and timers)  # a look at the page lets the frames come by
    settle(page)
    page.get_by_role("button", name="Swap A and B").click()
    wait_for_parameter(page, "from", "20")
    settle(page)
    assert doubled, "the click was sent twice"
    assert (parameters(page)["from"], parameters(page)["to"]) == ("20", "10")
