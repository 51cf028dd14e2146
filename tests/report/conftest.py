"""A browser, and a page opened in it.

The browser is the Chromium of the system: the environment variable CHROMIUM, or the first of
chromium, chromium-browser and google-chrome that is on the path. Without one these tests are
skipped, unless REQUIRE_CHROMIUM is set.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from dcvae.report import ReportContent
from support import report_content
from support.browser import ARGUMENTS, opened, written


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    names = ("chromium", "chromium-browser", "google-chrome")
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    if found is None:
        message = "no Chromium found: `apt-get install chromium`, or set CHROMIUM to one"
        if os.environ.get("REQUIRE_CHROMIUM"):
            pytest.fail(message)
        pytest.skip(message)
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=found, args=[*ARGUMENTS])
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def content() -> ReportContent:
    return report_content.content(4000, 5, num_events=20)


@pytest.fixture(scope="module")
def page_file(content: ReportContent, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(content, tmp_path_factory.mktemp("report"))


@pytest.fixture
def page(browser: Browser, page_file: Path) -> Iterator[Page]:
    made = opened(browser, page_file)
    yield made
    complaints = made.complaints
    made.context.close()
    assert not complaints
