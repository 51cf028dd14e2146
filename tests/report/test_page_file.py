"""The page in a file of its own: where it may be written, and that it is whole."""

from pathlib import Path

import pytest

from dcvae import InputError
from dcvae.report import check_page, render, write_page
from support import report_content


def test_it_is_written_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page, other = (render(report_content.content(rows, 2, num_events=1)) for rows in (40, 50))
    path = tmp_path / "page.html"
    write_page(page, path)
    assert path.read_text(encoding="utf-8") == page
    check_page(path)

    def broken(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", broken)
    with pytest.raises(OSError, match="No space"):
        write_page(other, path)
    assert path.read_text(encoding="utf-8") == page
    assert [file.name for file in tmp_path.iterdir()] == ["page.html"]


def test_places_where_nothing_can_be_written_are_refused(tmp_path: Path) -> None:
    for path, message in {
        tmp_path / "no" / "page.html": r"^The folder .*no does not exist\. Make it first, or give",
        tmp_path: r" is a folder; expected the path of a file, such as .*report\.html\.$",
    }.items():
        with pytest.raises(InputError, match=message):
            check_page(path, overwrite=True)


def test_only_a_page_is_replaced_unasked(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_bytes(b"time,flow\n" * 1000)
    with pytest.raises(
        InputError, match=r"no such page of this program\. Give another path, or ov"
    ):
        check_page(path)
    check_page(path, overwrite=True)
