"""The page in a real browser: it fits, it asks for nothing, and the console stays empty."""

from __future__ import annotations

import pytest

from genolect.report.page import render
from tests.report.browser import Browser, find_browser
from tests.report.example import example_results
from tests.report.test_page import HOSTILE, only, renamed

pytestmark = pytest.mark.browser
WIDTHS = (360, 1440)
PAGES = {
    "whole": example_results,
    "synthetic": lambda: example_results() | {"synthetic": True},
    "pretraining": lambda: only("genome", "split", "pretraining"),
    "evaluation": lambda: only("evaluation", "probe"),
    "empty": lambda: {"format": 1},
    "endless": lambda: renamed(example_results(), "A" * 4000),
    "words": lambda: renamed(example_results(), "many words of a name " * 50),
    "hostile": lambda: renamed(example_results(), " ".join(HOSTILE)),
}


@pytest.fixture(scope="module")
def browser():
    program = find_browser()
    if program is None:
        pytest.skip("no Chromium on this machine")
    with Browser(program) as opened:
        yield opened


def save(folder, html):
    path = folder / "report.html"
    path.write_text(html, "utf-8")
    return path


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", PAGES)
def test_the_page_fits_asks_for_nothing_and_complains_of_nothing(browser, tmp_path, name, width):
    path = save(tmp_path, render(PAGES[name]()))
    grounds = set()
    for dark in (False, True):
        visit = browser.visit(path, width=width, dark=dark)
        assert visit.requests == (path.as_uri(),)
        assert visit.complaints == ()
        assert visit.overflowing == ()
        grounds.add(visit.background)
    assert len(grounds) == 2


def test_no_hostile_name_runs(browser, tmp_path):
    browser.visit(save(tmp_path, render(renamed(example_results(), " ".join(HOSTILE)))), width=360)
    assert browser.evaluate("document.querySelectorAll('script, img, iframe').length") == 0
    assert browser.evaluate("[...document.querySelectorAll('*')].every(e => !e.onerror && !e.onload)")


def test_the_policy_stops_a_script_and_a_request_that_were_planted(browser, tmp_path):
    planted = '<script>document.title = "ran"</script><img src="http://192.0.2.1/x.png"></main>'
    visit = browser.visit(save(tmp_path, render({"format": 1}).replace("</main>", planted)), width=360)
    assert browser.evaluate("document.title") == "Results"
    assert any("Content Security Policy" in complaint for complaint in visit.complaints)


def test_the_checks_notice_what_they_look_for(browser, tmp_path):
    planted = (
        '<p style="width: 500px">wide</p><img src="http://127.0.0.1:9/x.png"><script>console.error(1)</script></main>'
    )
    html = render({"format": 1}).replace("</main>", planted).replace('http-equiv="Content-Security-Policy"', "")
    visit = browser.visit(save(tmp_path, html), width=360)
    assert "http://127.0.0.1:9/x.png" in visit.requests
    assert any("console" in complaint or "error" in complaint for complaint in visit.complaints)
    assert any("page" in finding for finding in visit.overflowing)


def test_the_page_prints(browser, tmp_path):
    browser.visit(save(tmp_path, render(example_results())), width=800, dark=True)
    browser.print_to(tmp_path / "report.pdf")
    content = (tmp_path / "report.pdf").read_bytes()
    assert content.startswith(b"%PDF")
    assert 5 <= content.count(b"/Type /Page\n") <= 12
