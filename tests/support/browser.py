"""Ways to open a page in a browser, to move in it and to ask what it shows."""

from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page

from dcvae.report import ReportContent, render

SIZES = ((1280, 800), (1920, 1080))
ARGUMENTS = (
    "--no-sandbox",  # containers give a browser no sandbox of its own
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def written(content: ReportContent, folder: Path) -> Path:
    path = folder / "report.html"
    path.write_text(render(content), encoding="utf-8")
    return path


def opened(
    browser: Browser, path: Path, size: tuple[int, int] = SIZES[0], address: str = ""
) -> Page:
    """Open a page without a network; what the console says is collected in `page.complaints`."""
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]}, offline=True, reduced_motion="reduce"
    )
    page = context.new_page()
    complaints: list[str] = []
    page.on(
        "console",
        lambda message: (
            complaints.append(message.text) if message.type in ("error", "warning") else None
        ),
    )
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "request",
        lambda request: (
            None
            if request.url.startswith(("file:", "data:", "blob:"))
            else complaints.append(f"asked for {request.url}")
        ),
    )
    page.complaints = complaints
    page.goto(path.as_uri() + address)
    page.wait_for_selector("html[data-state=ready]", state="attached")
    return page


def drawn(page: Page, number: int) -> None:
    """Scroll a chart into view and wait until it is drawn."""
    page.locator(f"#chart-{number}").scroll_into_view_if_needed()
    page.wait_for_selector(f"#chart-{number}[data-state=drawn]")


def shown(page: Page, plot: str, what: str) -> Any:
    """Evaluate something of a plot, by the id of its element: `plot.table`, `plot.stretches`..."""
    return page.evaluate(
        f"(() => {{ const {{ plot }} = document.getElementById('{plot}'); return {what}; }})()"
    )


def known(numbers: list[float | None]) -> list[float]:
    return [number for number in numbers if number is not None]


def range_of(page: Page, number: int) -> tuple[float, float]:
    """What the x axis of a chart shows, in milliseconds."""
    low, high = shown(page, f"plot-{number}", "[plot.u.scales.x.min, plot.u.scales.x.max]")
    return low, high


def marks_of(page: Page, number: int, side: str) -> list[dict[str, float]]:
    """The triangles of a chart, as points {x, y}: side is above or below."""
    return shown(page, f"plot-{number}", f"plot.marks.{side}")


def column(page: Page, key: str) -> list[str]:
    return page.locator(f"#event-table tbody td[data-key={key}]").all_inner_texts()


def drag_across(page: Page, plot: str) -> None:
    """Drag over the middle fifth of a plot."""
    over = page.locator(f"#{plot} .u-over")
    over.scroll_into_view_if_needed()
    box = over.bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.4, box["y"] + 50)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + 60, steps=5)
    page.mouse.up()
