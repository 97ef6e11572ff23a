"""The page in a real Chromium: it opens, follows the session, and commands it."""

from __future__ import annotations

import contextlib
import json
import re
import ssl
import time
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import pytest

pytest.importorskip("bokeh")
playwright = pytest.importorskip("playwright.sync_api")

ARTIFACTS = Path(__file__).parents[2] / "artifacts"
"""Where screenshots are kept; git ignores it."""
TABLE = "table[data-sample]"
WAIT = 60_000
"""Milliseconds; nothing waits so long but on a machine that does much else."""


@pytest.fixture(scope="module")
def browser(chromium):
    """Return a real Chromium that runs."""
    with playwright.sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture
def visit(browser):
    """Return a function that opens an address in a page and fails at any error in it."""
    contexts, errors, foreign = [], [], []

    def open_page(address, width=1400, height=1000, wait=TABLE, **options):
        context = browser.new_context(viewport={"width": width, "height": height}, **options)
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


def contrast(one, ground="document.body"):
    """Return the contrast of an element's letters and their ground, as WCAG has it."""
    found = one.evaluate(
        f"one => [getComputedStyle(one).color, getComputedStyle({ground}).backgroundColor,"
        " getComputedStyle(one).opacity]"
    )
    letters, ground = (
        [int(part) / 255 for part in re.findall(r"\d+", color)[:3]] for color in found[:2]
    )
    opacity = float(found[2])
    letters = [
        opacity * one + (1 - opacity) * two for one, two in zip(letters, ground, strict=True)
    ]
    bright = []
    for color in (letters, ground):
        linear = [x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in color]
        bright.append(0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2])
    return (max(bright) + 0.05) / (min(bright) + 0.05)


def events_of(nfb):
    """Return the events of a session that is closed now, with their details."""
    from psychopy_nfb import read_session

    nfb.close()
    session = read_session(nfb.files.stem)
    details = session.events.detail.fillna("{}").map(json.loads)
    return session, session.events.assign(detail=details)


def abort(page, nfb, until):
    """Press Abort, and again while it asks for that; a busy machine may be too late for it."""
    from playwright.sync_api import TimeoutError as TooLate

    for _ in range(5):
        button(page, "abort").click()
        with contextlib.suppress(TooLate, AssertionError):
            page.get_by_text("Abort? Press again").click(timeout=5000)
            until(lambda: nfb.aborted, 10, "the end")
            return


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
    abort(page, nfb, until)
    assert nfb.aborted
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


def test_a_typed_threshold_is_read_with_a_comma_and_a_mistyped_one_is_not_set(
    nfb, serve, visit, until
):
    _, address = serve()
    page = visit(address)
    field = page.locator("input[placeholder='new value']").first
    page.get_by_text("Threshold (µV)").wait_for()

    def type_and_set(text):
        field.fill(text)
        button(page, "set-threshold").click()

    type_and_set("3,25")
    until(lambda: shown(page)[2] == "3.25", 60, "the threshold on the page")
    until(lambda: field.input_value() == "", 60, "an empty field")
    type_and_set("high")
    page.get_by_text("threshold='high': must be a number").wait_for()
    type_and_set("1e9")
    page.get_by_text("Set? Press again").click()
    page.get_by_text("must lie between").wait_for()
    assert field.input_value() == "1e9"  # it was not done, so it can be mended
    type_and_set("90000")
    page.get_by_text("Threshold 90000 is").wait_for()  # what was said of 1e9 may still be there
    assert shown(page)[2] == "3.25"
    page.get_by_text("Set? Press again").click()
    until(lambda: shown(page)[2] == "90000.0", 60, "the threshold that was meant")


def test_one_page_has_control_until_it_hands_over(nfb, serve, visit):
    _, address = serve()
    first, second = visit(address), visit(address)
    second.get_by_text("Page 1, open since").wait_for()
    second.get_by_text("press Hand over control there or close it").wait_for()
    first.get_by_text("page 1, has control").wait_for()
    first.locator(".key-p button:enabled").wait_for()
    assert button(second, "key-p").is_disabled()
    assert contrast(button(second, "key-p")) > 4.5  # what is off can still be read
    button(first, "control").click()
    second.get_by_text("No page has control. Press Take control").wait_for()
    button(second, "control").click()
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


@pytest.mark.slow
def test_the_page_is_drawn_and_commands_over_tls(nfb, serve, visit, host, certificate):
    pem, key = map(str, certificate)
    _, address = serve("--host", host, "--certificate", pem, "--key", key)
    with pytest.raises(URLError):  # a wrong token, and a certificate that is not known here
        urlopen(address[:-1], timeout=60)
    guess = ssl.create_default_context(cafile=pem)
    with pytest.raises(HTTPError):
        urlopen(address[:-1] + "?", timeout=60, context=guess)
    page = visit(address, ignore_https_errors=True)  # the browser knows no certificate of the lab
    page.locator(".key-p button:enabled").wait_for()
    page.get_by_text(f"A wrong token came from {host} and was refused.").wait_for()


def test_a_laptops_screen_has_the_head_map_and_no_empty_band(nfb, serve, visit):
    nfb.begin_block("training")
    _, address = serve()
    page = visit(address, 1280, 800)
    page.wait_for_function(
        "document.querySelector('section.channels').getBoundingClientRect().height > 100"
    )
    place = page.locator("section.channels").bounding_box()
    assert place["y"] + place["height"] <= 800
    head, tiles = (page.locator(f"section.{name}").bounding_box() for name in ("head", "tiles"))
    assert tiles["y"] - (head["y"] + head["height"]) < 30


def test_widgets_can_be_read_in_both_themes(nfb, serve, visit):
    _, address = serve()
    for query in ("", "&theme=light"):
        page = visit(address + query, 1280, 800)
        chip = page.locator(".choices__list--multiple .choices__item").first
        chip.wait_for()
        assert contrast(chip, "one") > 4.5
        arrow = page.locator("select").first.evaluate(
            "one => getComputedStyle(one).backgroundImage"
        )
        letters = page.evaluate("getComputedStyle(document.body).color")
        assert letters in arrow  # as bright as what is written beside it
        slider = page.locator(".noUi-target").first
        track = slider.evaluate("one => getComputedStyle(one).backgroundColor")
        grid = {"": "rgb(44, 51, 58)", "&theme=light": "rgb(221, 226, 231)"}[query]
        assert track == grid
        page.context.close()


def test_screens_of_all_kinds(nfb, serve, visit, record_property):
    nfb.begin_block("training")
    _, address = serve()
    for name, query, size in (
        ("dark", "", (1600, 1100)),
        ("laptop", "", (1280, 800)),
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
