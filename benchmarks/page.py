"""Page: its size, and the time from opening it in a browser to its first screen being drawn.

    python -m benchmarks.page PAGE.html [PAGE.html ...]
    python -m benchmarks.page --make ROWS SERIES PAGE.html   # a made-up page to measure

Chromium opens each page several times, in turn, without a network. The first screen is drawn when
the score of the system and the strongest events are on the screen (of pages drawn by plotly.js: the
heat map), two frames later.
"""

import argparse
import shutil
import statistics
import sys
from pathlib import Path

REPEATS = 7
# Runs in every page before its own program.
_WATCH = """
const watch = () => {
  const isDrawn = document.documentElement?.dataset.state
    || document.querySelector("#heat-plot .main-svg");
  if (!isDrawn) return requestAnimationFrame(watch);
  requestAnimationFrame(() => requestAnimationFrame(() => {
    window.firstScreen = performance.now();
  }));
};
watch();
"""


def measured(paths: list[Path]) -> dict[Path, list[float]]:
    """Return the milliseconds until the first screen, of several openings of each page."""
    from playwright.sync_api import sync_playwright

    found: dict[Path, list[float]] = {path: [] for path in paths}
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]
        )
        for _ in range(REPEATS):
            for path in paths:  # in turn, so that a busy minute is shared
                page = browser.new_page(viewport={"width": 1280, "height": 800})
                page.add_init_script(_WATCH)
                page.goto(path.resolve().as_uri())
                # A function, not a text: the page's own policy allows no text to be run.
                drawn = page.evaluate(
                    """() => new Promise((resolve) => {
                        const ask = () => window.firstScreen ? resolve(window.firstScreen)
                            : requestAnimationFrame(ask);
                        ask();
                    })"""
                )
                found[path].append(float(drawn))
                page.close()
        browser.close()
    return found


def made(num_rows: int, num_series: int) -> str:
    """Return a page of made-up data, as the tests have them."""
    sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
    from dcvae.report import render
    from support import report_content

    return render(report_content.content(num_rows, num_series, num_events=num_rows // 1000))


def main() -> None:
    """Measure pages, or make one."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pages", nargs="+", type=Path)
    parser.add_argument("--make", nargs=2, type=int, metavar=("ROWS", "SERIES"))
    arguments = parser.parse_args()
    if arguments.make:
        arguments.pages[0].write_text(made(*arguments.make), encoding="utf-8")
    print(f"{'page':40} {'MB':>6} {'median ms':>10} {'fastest':>8} {'slowest':>8}")
    for path, times in measured(arguments.pages).items():
        size = path.stat().st_size / 1e6
        middle = statistics.median(times)
        print(f"{path.name:40} {size:6.2f} {middle:10.0f} {min(times):8.0f} {max(times):8.0f}")


if __name__ == "__main__":
    main()
