"""The page of the FastAPI example in a headless Chromium: it spins to the drawn prize, and never draws twice."""

from __future__ import annotations

import pytest

from browser import Browser, chromium
from fastapi_site import CAMPAIGN, serving
from prizedraw import AsyncDrawEngine, DrawEngine
from prizedraw.sampling import SeededEntropy

READY = "document.querySelector('#spin')?.disabled === false"
SAID = f"{READY} && document.querySelector('#said').textContent"
PENDING = "sessionStorage.getItem('prizedraw.request')"
UNDER_THE_POINTER = """(() => {
    const frame = document.querySelector('.frame').getBoundingClientRect();
    return document.elementFromPoint(frame.x + frame.width / 2, frame.y + frame.height * .2).dataset.prize;
})()"""
WIN, LOSS = 9, 2
"""Seeds of which the first draw is a win, on neither end of an axis of the wheel, and a thank-you."""


@pytest.mark.parametrize(
    ("variables", "outcome"), [({}, pytest.skip.Exception), ({"CI": "true"}, pytest.fail.Exception)], ids=["here", "CI"]
)
def test_a_missing_chromium_is_told(monkeypatch, variables, outcome):
    """Where no Chromium is in PATH these tests skip with the remedy, and fail in CI."""
    monkeypatch.setattr("os.environ", {"PATH": "/nowhere", **variables})
    with pytest.raises(outcome, match="apt-get install chromium"):
        chromium()


@pytest.fixture(scope="module")
def browser():
    with Browser() as one:
        yield one


@pytest.fixture
def site(browser, tmp_path):
    """Serve the wheel from an SQLite file of its own: ``site(seed)`` gives its URL and an engine to look into the books."""
    open_sites = []

    def serve(seed=WIN):
        engine = AsyncDrawEngine.open(tmp_path / "draws.db", entropy=SeededEntropy(seed))
        serving_one, books = serving(engine), DrawEngine.open(tmp_path / "draws.db")
        open_sites.append((serving_one, books))
        return serving_one.__enter__(), books

    yield serve
    for serving_one, books in open_sites:
        books.close()
        serving_one.__exit__(None, None, None)


def drawn(books):
    """Every receipt that was ever made."""
    return list(books.receipts(CAMPAIGN.id))


def texts(page, selector):
    return page.value(f"[...document.querySelectorAll({selector!r})].map((one) => one.textContent)")


def test_the_wheel_turns_to_the_prize_that_was_drawn(browser, site):
    """After the whole turn the pointer is over the receipt's prize; chances, prizes and ticker show it."""
    url, books = site()
    page = browser.visit(url, calm=False, pace=3)
    page.until(READY)
    assert page.value("document.querySelector('#chances').textContent") == "5 spins left today"
    assert texts(page, "#mine li") == []
    page.click("#spin")
    page.until(SAID)
    (receipt,) = drawn(books)
    assert receipt.is_win
    assert page.value(UNDER_THE_POINTER) == receipt.prize.id
    assert page.value("document.querySelector('#said').textContent") == f"You have won: {receipt.prize.name}!"
    assert page.value("document.querySelector('#chances').textContent") == "4 spins left today"
    assert texts(page, "#mine li") == [receipt.prize.name + page.value("document.querySelector('#mine time').textContent")]
    assert texts(page, "#ticker li") == [f"Guest {receipt.participant[-4:]} won {receipt.prize.name}"]


def test_every_spin_stops_where_its_receipt_says_until_none_is_left(browser, site):
    """Five spins stand on five receipts; the sixth is refused in words, with the time to come back, and draws nothing."""
    url, books = site()
    page = browser.visit(url)
    for _ in range(5):
        page.until(READY)
        page.click("#spin")
        page.until(SAID)
        assert page.value(UNDER_THE_POINTER) == drawn(books)[0].prize.id
    won = [receipt.prize.name for receipt in drawn(books) if receipt.is_win]
    assert page.value("[...document.querySelectorAll('#mine li')].map((one) => one.firstChild.textContent)") == won
    page.click("#spin")
    said = page.until(SAID)
    assert said.startswith("You have used today's spins. Come back after ")
    assert page.value("document.querySelector('#chances').textContent") == "0 spins left today"
    assert page.value(PENDING) is None
    assert len(drawn(books)) == 5


def test_a_thank_you_is_no_win(browser, site):
    """The wheel stands on the thank-you, the page says so, and neither prizes nor ticker show it."""
    url, books = site(LOSS)
    page = browser.visit(url)
    page.until(READY)
    page.click("#spin")
    assert page.until(SAID) == "谢谢参与 — no prize this time."
    assert page.value(UNDER_THE_POINTER) == "thank-you"
    assert texts(page, "#mine li") == []
    assert texts(page, "#ticker li") == ["Be the first to win."]
    assert not drawn(books)[0].is_win


def test_pitfall_30_a_double_click_draws_once(browser, site):
    """Four clicks in a row, and one more while the wheel turns, are one draw."""
    url, books = site()
    page = browser.visit(url, calm=False, pace=4)
    page.until(READY)
    page.click("#spin", times=4)
    page.until(PENDING)
    page.until("document.querySelector('#wheel').getAnimations().length > 0")
    page.click("#spin")
    page.until(SAID)
    assert page.value("performance.getEntriesByType('resource').filter((one) => one.name.endsWith('/draws')).length") == 1
    assert len(drawn(books)) == 1


def test_pitfall_30_a_reload_in_mid_spin_draws_once(browser, site):
    """A page that is loaded again while the wheel turns spins to the same prize, without a new draw; and again it keeps all it showed."""
    url, books = site()
    page = browser.visit(url, calm=False)
    page.until(READY)
    page.click("#spin")
    page.until("document.querySelector('#wheel').getAnimations().length > 0")
    kept = page.value(PENDING)
    page.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-reduced-motion", "value": "reduce"}])
    page.call("Page.reload")
    page.until(SAID)
    (receipt,) = drawn(books)
    assert receipt.request_id == kept
    assert page.value(UNDER_THE_POINTER) == receipt.prize.id
    assert page.value(PENDING) is None
    shown = [texts(page, selector) for selector in ("#chances", "#mine li", "#ticker li")]
    page.call("Page.reload")
    page.until(f"{READY} && !document.querySelector('#said').textContent")
    assert [texts(page, selector) for selector in ("#chances", "#mine li", "#ticker li")] == shown
    assert len(drawn(books)) == 1


def test_pitfall_30_a_lost_answer_draws_once(browser, site):
    """When the draw happened and its answer got lost, the page says so, keeps the id, and shows that same draw at the next click."""
    url, books = site()
    page = browser.visit(url)
    page.until(READY)
    page.value(
        "window.real = window.fetch;"
        " window.fetch = async (path, ...rest) => {"
        "   const answer = await real(path, ...rest);"
        "   if (path === 'api/draws') throw new TypeError('lost');"
        "   return answer;"
        " }; 0"
    )
    page.click("#spin")
    assert page.until(SAID).startswith("No answer from the server.")
    (receipt,) = drawn(books)
    assert page.value(PENDING) == receipt.request_id
    page.value("window.fetch = real; 0")
    page.click("#spin")
    assert page.until(f"{SAID}.startsWith('You have won') && document.querySelector('#said').textContent").endswith(
        f"{receipt.prize.name}!"
    )
    assert page.value(UNDER_THE_POINTER) == receipt.prize.id
    assert page.value(PENDING) is None
    assert len(drawn(books)) == 1
