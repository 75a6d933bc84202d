import contextlib
import errno
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.folders import check_free, whole_folder


def everything(folder: Path) -> dict[str, str | None]:
    """Each path below with its text; None for a folder."""
    return {
        str(path.relative_to(folder)): path.read_text() if path.is_file() else None
        for path in sorted(folder.rglob("*"))
    }


@pytest.fixture
def old(tmp_path: Path) -> Path:
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "old.txt").write_text("old")
    return folder


def test_a_folder_takes_its_name_at_the_end(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with whole_folder(out) as folder:
        (folder / "a.txt").write_text("new")
        assert folder.parent == out.parent, "beside it, so that renaming is possible"
        assert not out.exists()
    assert everything(tmp_path) == {"out": None, "out/a.txt": "new"}


def test_others_may_read_it(tmp_path: Path) -> None:
    with whole_folder(tmp_path / "out"):
        pass
    assert stat.S_IMODE((tmp_path / "out").stat().st_mode) == 0o755


def test_missing_parents_are_made(tmp_path: Path) -> None:
    with whole_folder(str(tmp_path / "a" / "b" / "out")):
        pass
    assert everything(tmp_path) == {"a": None, "a/b": None, "a/b/out": None}


def test_an_empty_folder_is_as_good_as_none(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    assert check_free(tmp_path / "out") == tmp_path / "out"
    with whole_folder(tmp_path / "out") as folder:
        (folder / "a.txt").write_text("new")
    assert everything(tmp_path) == {"out": None, "out/a.txt": "new"}


def test_a_full_folder_is_refused(old: Path) -> None:
    message = r"must not be there yet; .*out is\. .*--overwrite"
    with pytest.raises(KitError, match=message):
        check_free(old)
    with pytest.raises(KitError, match=message), whole_folder(old):
        pytest.fail("no work may begin")
    assert everything(old.parent) == {"out": None, "out/old.txt": "old"}


def test_overwriting_replaces_the_whole_folder(old: Path) -> None:
    assert check_free(old, overwrite=True) == old
    assert everything(old.parent) == {"out": None, "out/old.txt": "old"}
    with whole_folder(old, overwrite=True) as folder:
        (folder / "a.txt").write_text("new")
        assert (old / "old.txt").read_text() == "old", "until the new one is whole"
    assert everything(old.parent) == {"out": None, "out/a.txt": "new"}


@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize("kind", ["file", "link to a file", "dangling link"])
def test_a_file_is_never_replaced(tmp_path: Path, kind: str, overwrite: bool) -> None:
    out = tmp_path / "out"
    (tmp_path / "target").write_text("mine")
    if kind == "file":
        out.write_text("mine")
    else:
        out.symlink_to(tmp_path / ("target" if kind == "link to a file" else "nowhere"))
    with pytest.raises(KitError, match="out is a file"):
        check_free(out, overwrite)
    with pytest.raises(KitError, match="out is a file"), whole_folder(out, overwrite):
        pytest.fail("no work may begin")
    assert out.is_symlink() == (kind != "file")
    assert (tmp_path / "target").read_text() == "mine"
    assert len(list(tmp_path.iterdir())) == 2


def test_a_link_to_a_folder_is_replaced_and_the_folder_kept(old: Path) -> None:
    link = old.parent / "link"
    link.symlink_to(old)
    with whole_folder(link, overwrite=True) as folder:
        (folder / "a.txt").write_text("new")
    assert not link.is_symlink()
    assert everything(old.parent) == {
        "link": None,
        "link/a.txt": "new",
        "out": None,
        "out/old.txt": "old",
    }


def write_half(out: Path, error: BaseException) -> None:
    with whole_folder(out, overwrite=True) as folder:
        (folder / "half.txt").write_text("half")
        raise error


@pytest.mark.parametrize("error", [ValueError, KitError, KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize("there", [False, True])
def test_an_error_leaves_everything_as_it_was(
    tmp_path: Path, there: bool, error: type[BaseException]
) -> None:
    out = tmp_path / "a" / "out"
    if there:
        out.mkdir(parents=True)
        (out / "old.txt").write_text("old")
    before = everything(tmp_path)
    with pytest.raises(error, match="told"):
        write_half(out, error("told"))
    assert everything(tmp_path) == before


def test_a_full_disk(tmp_path: Path) -> None:
    with pytest.raises(KitError, match=r"must be writable and have room; received 'No space"):
        write_half(tmp_path / "out", OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))
    assert everything(tmp_path) == {}


@pytest.mark.parametrize("call", [check_free, whole_folder])
def test_a_parent_that_can_t_be_written(tmp_path: Path, monkeypatch: Any, call: Any) -> None:
    def refuse(**_: Any) -> str:
        raise PermissionError(errno.EACCES, "Permission denied")

    # Tests may run as root, whom no permission stops.
    monkeypatch.setattr("tempfile.mkdtemp", refuse)
    with pytest.raises(KitError, match=r"must be writable .*'Permission denied'"):
        enter(call(tmp_path / "a" / "out"))
    assert everything(tmp_path) == {}


@pytest.mark.parametrize("call", [check_free, whole_folder])
def test_a_parent_that_is_a_file(tmp_path: Path, call: Any) -> None:
    (tmp_path / "file").write_text("mine")
    for out in (tmp_path / "file" / "out", tmp_path / "file" / "deeper" / "out"):
        with pytest.raises(KitError, match=r"out must be writable"):
            enter(call(out))
    assert everything(tmp_path) == {"file": "mine"}


def enter(call: Any) -> None:
    if isinstance(call, contextlib.AbstractContextManager):
        with call:
            pytest.fail("no work may begin")


def test_looking_leaves_nothing(tmp_path: Path) -> None:
    check_free(tmp_path / "a" / "b" / "out")
    assert everything(tmp_path) == {}


@pytest.mark.parametrize("error", [OSError(errno.EIO, "Input/output error"), KeyboardInterrupt()])
def test_what_stood_there_comes_back_when_taking_its_place_fails(
    old: Path, monkeypatch: Any, error: BaseException
) -> None:
    rename = Path.rename
    seen = []

    def fail_at_the_second(self: Path, target: Any) -> Path:
        seen.append(self.name)
        if len(seen) == 2:
            raise error
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", fail_at_the_second)
    raised = KitError if isinstance(error, OSError) else KeyboardInterrupt
    with pytest.raises(raised), whole_folder(old, overwrite=True) as folder:
        (folder / "a.txt").write_text("new")
    assert seen[0] == "out"
    assert everything(old.parent) == {"out": None, "out/old.txt": "old"}


@pytest.mark.parametrize("overwrite", [False, True])
def test_two_at_once_leave_one_whole_folder(tmp_path: Path, overwrite: bool) -> None:
    path = tmp_path / "out"
    with contextlib.ExitStack() as stack:
        second = stack.enter_context(whole_folder(path, overwrite))
        (second / "of").write_text("the second")
        with whole_folder(path, overwrite) as first:
            (first / "of").write_text("the first")
            (first / "more").write_text("of the first")
        if not overwrite:
            with pytest.raises(KitError, match="must not be there yet"):
                stack.close()
    assert [file.name for file in tmp_path.iterdir()] == ["out"]
    found = {file.name: file.read_text() for file in path.iterdir()}
    first_one = {"of": "the first", "more": "of the first"}
    assert found == ({"of": "the second"} if overwrite else first_one)
