"""The page in a real browser, on made-up clips: it plays, nothing fails, no other host is asked."""

import shutil
import socket
import threading
import time

import pytest

from laban.store import Store
from laban.viewer import Library, network_of
from tests.viewer.conftest import two_persons, write_run

pytest.importorskip("fastapi")
uvicorn = pytest.importorskip("uvicorn")
playwright = pytest.importorskip("playwright.sync_api", reason="pip install 'laban[browser]'")

from laban.server import Limits, application  # noqa: E402

pytestmark = pytest.mark.slow

FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run "
    "--disable-background-networking --disable-component-update --disable-sync "
    "--use-gl=angle --use-angle=swiftshader --enable-unsafe-swiftshader"
).split()
WAIT = 60_000  # milliseconds; a browser without a graphics card draws slowly


@pytest.fixture(scope="module")
def browser():
    found = [shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome")]
    path = next((one for one in found if one), None)
    if path is None:
        pytest.skip("no Chromium is on the PATH: install one, such as the package chromium")
    with playwright.sync_playwright() as tool:
        browser = tool.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def serving():
    """Starts servers, each at an address of its own."""
    running = []

    def start(run, store):
        network, opened = network_of(run), Store(store)
        library = Library(network.card.benchmark, opened, most=2**24)
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        app = application(network, Limits(), library=library, judge=True)
        server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="error"))
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        running.append((server, thread))
        while not server.started:
            time.sleep(0.02)
        return f"http://127.0.0.1:{port}"

    yield start
    for server, thread in running:
        server.should_exit = True
        thread.join(10)


@pytest.fixture
def opened(browser):
    """Opens pages and holds that nothing on them failed or came from elsewhere."""
    faults, contexts = [], []

    def open_page(base, path="/", **options):
        context = browser.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(WAIT)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
        page.on(
            "request",
            lambda asked: None if asked.url.startswith(base) else faults.append(asked.url),
        )
        page.goto(base + path)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not faults


def ready(page, clip):
    page.wait_for_selector(f'body[data-ready="{clip}"]', state="attached")


def ink(page):
    """A picture of the stage, to see whether it changed."""
    return page.locator(".stage").screenshot()


LOOKS = [
    pytest.param({"viewport": {"width": 1280, "height": 900}}, id="desktop"),
    pytest.param({"viewport": {"width": 1280, "height": 900}, "color_scheme": "dark"}, id="dark"),
    pytest.param({"viewport": {"width": 375, "height": 740}, "color_scheme": "light"}, id="phone"),
    pytest.param({"viewport": {"width": 375, "height": 740}, "color_scheme": "dark"}, id="night"),
]


@pytest.mark.parametrize("look", LOOKS)
def test_a_clip_of_two_persons(viewed, serving, opened, look):
    page = opened(
        serving(viewed.naming, viewed.clips), "/#store/1", reduced_motion="reduce", **look
    )
    ready(page, "store/1")
    assert page.text_content("#name") == "clip-1"
    assert page.locator("#top li").count() == 2
    assert page.evaluate("document.documentElement.scrollWidth") <= look["viewport"]["width"]
    still = ink(page)
    page.locator("#scrub").evaluate("e => { e.value = 9; e.dispatchEvent(new Event('input')) }")
    assert page.text_content("#clock").startswith("0.30 of 0.77 s") and ink(page) != still
    page.select_option("#layer", "2")
    page.locator("#attention-note", has_text="strongest").wait_for()
    first = ink(page)
    page.select_option("#head", "1")
    assert ink(page) != first
    figures = page.locator("#streams figure")
    before = figures.count()
    page.check("#stream-choice input[value=fast]")
    page.locator("#streams figcaption strong", has_text="fast").wait_for()
    page.uncheck("#stream-choice input[value=bone]")
    assert figures.count() == before
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    dark = look.get("color_scheme") == "dark"
    assert (ground == "rgb(18, 22, 27)") == dark


def test_an_encoder_without_attention_says_so(viewed, serving, opened, tmp_path):
    encoder = {"name": "st-gcn", "layers": [[8, 2]], "kernel": 3}
    run = write_run(tmp_path / "run", {"name": "recognition"}, encoder)
    page = opened(serving(run, viewed.clips), "/#store/1", reduced_motion="reduce")
    ready(page, "store/1")
    assert page.text_content("#attention-note").startswith("ST-GCN has no attention")
    assert not page.locator("#layer").is_visible()


def test_keys_play_and_step(viewed, serving, opened):
    base = serving(viewed.naming, viewed.clips)
    page = opened(base, "/#store/0", reduced_motion="reduce")
    ready(page, "store/0")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowRight")
    assert page.input_value("#scrub") == "11"
    page.keyboard.press("ArrowLeft")
    assert page.input_value("#scrub") == "10"
    page.keyboard.press("Space")
    assert page.text_content("#play") == "Pause"
    while page.input_value("#scrub") == "10":
        time.sleep(0.02)
    page.keyboard.press("Space")
    assert page.text_content("#play") == "Play"
    page.keyboard.press("n")
    ready(page, "store/1")
    assert page.locator("#clips a[aria-current]").text_content().startswith("clip-1")
    page.keyboard.press("Tab")
    focus = "getComputedStyle(document.activeElement).outlineStyle"
    assert page.evaluate(focus) != "none"


def test_it_plays_by_itself_where_motion_is_welcome(viewed, serving, opened):
    page = opened(serving(viewed.naming, viewed.clips), "/#store/0")
    ready(page, "store/0")
    seen = set()
    for _ in range(40):
        seen.add(page.input_value("#scrub"))
        time.sleep(0.05)
    assert len(seen) > 2 and page.text_content("#play") == "Pause"


def test_filters_choose_clips(viewed, serving, opened):
    page = opened(serving(viewed.naming, viewed.clips), reduced_motion="reduce")
    page.locator("#count", has_text="5 clips").wait_for()
    page.select_option("select[name=label]", "lower")
    page.locator("#count", has_text="2 clips").wait_for()
    page.fill("input[name=text]", "clip-3")
    page.locator("#count", has_text="1 clip").wait_for()
    page.locator("#clips a", has_text="clip-3").click()
    ready(page, "store/3")


def test_a_left_hand_is_on_the_right_of_who_faces_the_camera(viewed, serving, opened, tmp_path):
    """In Kinect's frame who faces the sensor has the right hand at larger x."""
    clip = two_persons(0)
    clip.poses[:], clip.poses[..., 2] = 0.0, 3.0
    for joint, name in enumerate(clip.skeleton.joints):
        side = "left" in name and -0.4 or "right" in name and 0.4
        clip.poses[0, :, joint, 0] = side or 0.0
        clip.poses[0, :, joint, 1] = joint / 25
    clip.present[1] = False
    Store.write(tmp_path / "s.arrow", [clip])
    page = opened(
        serving(viewed.naming, tmp_path / "s.arrow"), "/#store/0", reduced_motion="reduce"
    )
    ready(page, "store/0")
    places = {}
    for mark in page.locator("#marks span:not([hidden])").all():
        places[mark.text_content()] = mark.bounding_box()["x"]
    assert places["R"] < places["L"]


def test_an_untrimmed_recording_and_an_upload(viewed, serving, opened):
    base = serving(viewed.finding, viewed.recordings)
    page = opened(base, "/#store/0", reduced_motion="reduce")
    ready(page, "store/0")
    assert page.locator("#timeline rect.truth").count() == 2
    found = page.locator("#timeline rect.found").count()
    assert found and page.locator("#top button").count() == found
    page.locator("#top button").first.click()
    start = page.locator("#timeline line.head").get_attribute("x1")
    assert page.locator("#probabilities line.head").get_attribute("x1") == start
    page.keyboard.press("End")
    assert float(page.locator("#timeline line.head").get_attribute("x1")) > float(start)
    page.set_input_files("#file", viewed.clips)
    page.locator("#count", has_text="5 clips").wait_for()
    page.wait_for_selector("body[data-ready$='/0']:not([data-ready^='store'])", state="attached")


def test_the_interface_page_lists_every_route(viewed, serving, opened):
    page = opened(serving(viewed.naming, viewed.clips), "/docs")
    page.locator("article h2", has_text="/predict").wait_for()
    assert page.locator("article").count() >= 10
