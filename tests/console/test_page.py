"""The page in a real Chromium: it opens, follows the session, and commands it."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

pytest.importorskip("bokeh")
playwright = pytest.importorskip("playwright.sync_api")

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
ARTIFACTS = Path(__file__).parents[2] / "artifacts"
"""Where screenshots are kept; git ignores it."""
TABLE = "table[data-sample]"
WAIT = 60_000
"""Milliseconds; nothing waits so long but on a machine that does much else."""


@pytest.fixture(scope="module")
def browser():
    """Return a real Chromium."""
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        pytest.skip("no Chromium on PATH")
    with playwright.sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture
def visit(browser):
    """Return a function that opens an address in a page and fails at any error in it."""
    contexts, errors, foreign = [], [], []

    def open_page(address, width=1400, height=1000, wait=TABLE):
        context = browser.new_context(viewport={"width": width, "height": height})
        context.set_default_timeout(WAIT)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        host = "/".join(address.split("/")[:3])
        page.on("request", lambda one: one.url.startswith(host) or foreign.append(one.url))
        page.goto(address)
        page.wait_for_selector(wait, state="attached")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert errors == []
    assert foreign == []  # nothing is loaded from elsewhere


def button(page, name):
    """Return the button with a class."""
    return page.locator(f".{name} button")


def shown(page):
    """Return the sample that the page shows, with z and threshold."""
    row = page.locator(f"{TABLE} tr").first
    return page.evaluate(
        "row => [row.closest('table').dataset.sample, row.dataset.z, row.dataset.threshold]",
        row.element_handle(),
    )


def events_of(nfb):
    """Return the events of a session that is closed now, with their details."""
    from psychopy_nfb import read_session

    nfb.close()
    session = read_session(nfb.files.stem)
    details = session.events.detail.fillna("{}").map(json.loads)
    return session, session.events.assign(detail=details)


def test_row_127_the_page_follows_the_session_and_each_control_is_one_event(
    nfb, serve, visit, until
):
    nfb.begin_block("training <b>")
    _, address = serve()
    page = visit(address)
    assert page.locator("h1").inner_text() == "training <b>"
    seen = {}
    for _ in range(4):
        sample, z, threshold = shown(page)
        seen[int(sample)] = (float(z), float(threshold))
        until(lambda old=sample: shown(page)[0] != old, 60, "the next values")
    assert len(seen) == 4
    page.locator("input[placeholder='new value']").first.fill("3.25")
    button(page, "set-threshold").click()
    until(lambda: shown(page)[2] == "3.25", 60, "the threshold on the page")
    page.locator("input[placeholder='new value']").nth(1).fill("0.5")
    button(page, "set-dwell").click()
    page.get_by_text("Dwell (s), now 0.5").wait_for()
    page.mouse.click(3, 3)  # out of the field: a letter would be written into it
    page.keyboard.press("p")
    page.get_by_text("paused", exact=True).wait_for()
    button(page, "key-p").click()
    page.get_by_text("paused", exact=True).wait_for(state="detached")
    for text, name in (("blinks <i>a lot", "add-note"), ("talks", "key-m")):
        page.locator(".key-n input").fill(text)
        page.locator(".key-n input").press("Tab")
        button(page, name).click()
        page.get_by_text(f"“{text}”: done.").wait_for()
    button(page, "key-e").click()
    until(lambda: nfb.asked_to_end, 60, "the block's end")
    nfb.end_block()
    button(page, "abort").click()
    page.get_by_text("Abort? Press again").click()
    until(lambda: nfb.aborted, 60, "the end")
    time.sleep(0.5)
    session, events = events_of(nfb)
    page.get_by_text("The session has ended.").wait_for()
    signals = session.signals.set_index("sample")
    for sample, (z, threshold) in seen.items():
        row = signals.loc[sample]
        assert (row["trained_z"], row["trained_threshold"]) == (z, threshold)
    asked = events[events.detail.map(lambda one: one.get("source") == "operator")]
    told = [(row.trial_type, row.value) for row in asked.fillna({"value": ""}).itertuples()]
    assert sorted(told) == sorted(
        [
            *(("set", ""), ("set", ""), ("pause", ""), ("resume", "")),
            *(("note", "blinks <i>a lot"), ("mark", "talks")),
            *(("end_block", "training <b>"), ("abort", "")),
        ]
    )


def test_one_page_has_control_until_it_hands_over(nfb, serve, visit):
    _, address = serve()
    first, second = visit(address), visit(address)
    second.get_by_text("Another page has control.").wait_for()
    assert button(first, "key-p").is_enabled()
    assert button(second, "key-p").is_disabled()
    button(first, "control").click()
    second.get_by_text("Take control").click()
    second.locator(".key-p button:enabled").wait_for()
    first.locator(".key-p button:disabled").wait_for()
    second.context.close()  # the page that is left has control
    first.locator(".key-p button:enabled").wait_for()


def test_a_blinded_page_shows_no_score_and_no_value(nfb, serve, visit):
    nfb._link.blinded = True
    _, address = serve()
    page = visit(address)
    text = " ".join(page.locator(".tile .name").all_inner_texts())
    assert "clean signal" in text
    for word in ("score", "success", "participant sees"):
        assert word not in text
    page.get_by_text("blinded", exact=True).wait_for()


def test_without_the_token_there_is_no_page(nfb, serve):
    _, address = serve()
    place, token = address.split("?token=")
    for wrong in ("", "?token=", f"?token={token[:-1]}x"):
        with pytest.raises(HTTPError) as caught:
            urlopen(place + wrong, timeout=30)
        assert caught.value.code == 403
        assert "psychopy-nfb console" in caught.value.read().decode()
    assert b"bokeh" in urlopen(address, timeout=30).read()


def test_screens_of_all_kinds(nfb, serve, visit, record_property):
    nfb.begin_block("training")
    _, address = serve()
    for name, query, size in (
        ("dark", "", (1600, 1100)),
        ("light", "&theme=light", (1600, 1100)),
        ("narrow", "", (390, 844)),
    ):
        page = visit(address + query, *size)
        page.wait_for_timeout(3000)
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= size[0], f"{name}: one has to scroll sideways"
        ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (ground == "rgb(245, 246, 247)") == (name == "light")
        path = ARTIFACTS / f"console_{name}.png"
        ARTIFACTS.mkdir(exist_ok=True)
        page.screenshot(path=path)
        record_property("screenshot", str(path))
        page.context.close()
