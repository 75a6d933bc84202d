import hashlib
import json
import os

import pytest

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.runtime import bundle as bundle_module
from keras_rnn_kit.runtime import checksum, load, read_bundle, write_spec


def edit(folder, change):
    """Rewrites spec.json after `change` has altered its fields."""
    path = folder / "spec.json"
    fields = json.loads(path.read_text())
    change(fields)
    path.write_text(json.dumps(fields))


def test_a_whole_bundle_is_read(bundle_folder):
    bundle = read_bundle(bundle_folder)
    assert bundle.kind == "language_model"
    assert bundle.path == bundle_folder
    assert set(bundle.spec.files) == {"model.onnx", "step.onnx", "vocabulary.json"}
    assert bundle.spec.metrics == {"perplexity": 1.5}
    assert [state.name for state in bundle.spec.states] == ["state_0", "state_1"]
    assert bundle.spec.classes == len(bundle.encoder().vocabulary)
    assert bundle.read("step.onnx") == (bundle_folder / "step.onnx").read_bytes()


def test_a_path_may_be_a_string_and_other_files_may_lie_there(bundle_folder):
    (bundle_folder / "README.md").write_text("notes")
    assert read_bundle(str(bundle_folder)).spec.target == "cpu"


def test_checksum_is_sha256(tmp_path):
    (tmp_path / "a").write_bytes(b"abc")
    assert checksum(tmp_path / "a") == hashlib.sha256(b"abc").hexdigest()


@pytest.mark.parametrize("name", ["spec.json", "vocabulary.json", "model.onnx", "step.onnx"])
def test_a_missing_file_is_named(bundle_folder, name):
    (bundle_folder / name).unlink()
    with pytest.raises(KitError, match=f"without {name}"):
        load(bundle_folder)


@pytest.mark.parametrize("name", ["vocabulary.json", "model.onnx", "step.onnx"])
def test_an_altered_file_is_named(bundle_folder, name):
    content = bytearray((bundle_folder / name).read_bytes())
    content[len(content) // 2] ^= 1
    (bundle_folder / name).write_bytes(content)
    with pytest.raises(KitError, match=f"{name} must be the file that was exported.*checksum"):
        load(bundle_folder)


@pytest.mark.parametrize("name", ["vocabulary.json", "model.onnx", "step.onnx"])
@pytest.mark.parametrize("cut", [slice(0, -1), slice(0, 0)])
def test_a_truncated_file_is_named(bundle_folder, name, cut):
    content = (bundle_folder / name).read_bytes()
    (bundle_folder / name).write_bytes(content[cut])
    expected = f"{name} must have the {len(content)} bytes .* received {len(content[cut])} bytes"
    with pytest.raises(KitError, match=expected):
        load(bundle_folder)


def test_a_longer_file_is_named(bundle_folder):
    with (bundle_folder / "model.onnx").open("ab") as file:
        file.write(b"more")
    with pytest.raises(KitError, match=r"model\.onnx must have the"):
        load(bundle_folder)


def test_no_session_is_opened_before_every_checksum_is_right(bundle_folder, monkeypatch):
    monkeypatch.setattr(
        "keras_rnn_kit.runtime.language_model.open_session",
        lambda *_, **__: pytest.fail("opened a session"),
    )
    content = bytearray((bundle_folder / "step.onnx").read_bytes())
    content[-1] ^= 1
    (bundle_folder / "step.onnx").write_bytes(content)
    with pytest.raises(KitError, match=r"step\.onnx"):
        load(bundle_folder)


def test_a_file_changed_after_reading_is_not_run(bundle_folder):
    bundle = read_bundle(bundle_folder)
    content = bytearray((bundle_folder / "step.onnx").read_bytes())
    content[-1] ^= 1
    (bundle_folder / "step.onnx").write_bytes(content)
    with pytest.raises(KitError, match="checksum"):
        bundle.read("step.onnx")


def test_only_listed_files_are_read(bundle_folder):
    with pytest.raises(KitError, match=r"one that spec\.json lists; received 'spec\.json'"):
        read_bundle(bundle_folder).read("spec.json")


def test_what_is_no_folder(tmp_path, bundle_folder):
    with pytest.raises(KitError, match="which isn't there"):
        read_bundle(tmp_path / "nowhere")
    with pytest.raises(KitError, match="which is a file"):
        read_bundle(bundle_folder / "model.onnx")


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"\xff\xfe", b"[" * 100_000, b'{"format": ' + b"9" * 5000 + b"}"],
    ids=["empty", "cut", "not UTF-8", "deep", "huge number"],
)
def test_spec_that_is_no_json(bundle_folder, content):
    (bundle_folder / "spec.json").write_bytes(content)
    with pytest.raises(KitError, match=r"spec\.json must be JSON; received a damaged file"):
        read_bundle(bundle_folder)


def test_a_spec_too_large_to_be_one_is_not_read(bundle_folder, monkeypatch):
    monkeypatch.setattr(bundle_module, "_SPEC_LIMIT", 100)
    with pytest.raises(KitError, match=r"spec\.json must be below 100"):
        read_bundle(bundle_folder)


def test_a_newer_format_is_refused(bundle_folder):
    edit(bundle_folder, lambda fields: fields.update(format=2, kind="something new"))
    with pytest.raises(KitError, match=r"received format 2, which a newer kit wrote\. Upgrade"):
        read_bundle(bundle_folder)


@pytest.mark.parametrize("place", ["inside", "outside"])
@pytest.mark.parametrize("name", ["spec.json", "model.onnx", "vocabulary.json"])
def test_a_link_is_refused_wherever_it_leads(bundle_folder, tmp_path, name, place):
    target = (tmp_path if place == "outside" else bundle_folder) / "target"
    (bundle_folder / name).rename(target)
    try:
        (bundle_folder / name).symlink_to(target)
    except OSError:
        pytest.skip("this system makes no links")
    with pytest.raises(KitError, match=f"{name}, which is a link"):
        read_bundle(bundle_folder)


@pytest.mark.skipif(not hasattr(os, "O_NOFOLLOW"), reason="needs O_NOFOLLOW")
def test_a_link_put_there_after_the_look_is_not_followed(bundle_folder, tmp_path, monkeypatch):
    bundle = read_bundle(bundle_folder)
    (bundle_folder / "step.onnx").rename(tmp_path / "target")
    (bundle_folder / "step.onnx").symlink_to(tmp_path / "target")
    monkeypatch.setattr(bundle_module, "_plain_file", lambda folder, name: folder / name)
    with pytest.raises(KitError, match=r"must be readable; received .*step\.onnx"):
        bundle.read("step.onnx")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_is_refused_and_not_waited_for(bundle_folder):
    (bundle_folder / "model.onnx").unlink()
    os.mkfifo(bundle_folder / "model.onnx")
    with pytest.raises(KitError, match=r"model\.onnx, which is none"):
        read_bundle(bundle_folder)


def test_a_folder_in_a_files_place_is_refused(bundle_folder):
    (bundle_folder / "model.onnx").unlink()
    (bundle_folder / "model.onnx").mkdir()
    with pytest.raises(KitError, match=r"model\.onnx, which is none"):
        read_bundle(bundle_folder)


def outside(tmp_path):
    """A right file outside the folder, as spec.json would list it."""
    (tmp_path / "other.onnx").write_bytes(b"abc")
    return {"sha256": hashlib.sha256(b"abc").hexdigest(), "bytes": 3}


NAMES = ["../other.onnx", "/etc/hostname", "..", ".", "", "a/b", "a\\b", "C:x", "x\n", ".hidden"]


@pytest.mark.parametrize("name", NAMES)
def test_a_listed_file_stays_in_the_folder(bundle_folder, tmp_path, name):
    entry = outside(tmp_path)
    edit(bundle_folder, lambda fields: fields["files"].update({name: entry}))
    with pytest.raises(KitError, match=r"must name plain files in the bundle's own folder"):
        read_bundle(bundle_folder)


@pytest.mark.parametrize("name", [*NAMES, None, 3, ["model.onnx"]])
def test_a_graphs_file_stays_in_the_folder(bundle_folder, name):
    edit(bundle_folder, lambda fields: fields["graphs"]["step"].update(file=name))
    with pytest.raises(KitError, match=r"graphs\.step\.file must name plain files"):
        read_bundle(bundle_folder)


def test_a_vocabulary_of_another_size_is_told(bundle_folder, encoder):
    from keras_rnn_kit.text import TextEncoder

    TextEncoder.build(["xyz"], tokenizer="characters").save(bundle_folder / "vocabulary.json")
    write_spec(bundle_folder, json.loads((bundle_folder / "spec.json").read_text()))
    expected = rf"vocabulary\.json must have the model's V={len(encoder.vocabulary)} tokens"
    with pytest.raises(KitError, match=expected):
        load(bundle_folder)


def test_write_spec_is_read_back_and_leaves_nothing_beside(bundle_folder):
    before = json.loads((bundle_folder / "spec.json").read_text())
    (bundle_folder / "notes.txt").write_text("kept")
    path = write_spec(bundle_folder, {**before, "files": ["notes.txt"]})
    assert path == bundle_folder / "spec.json"
    assert "notes.txt" in read_bundle(bundle_folder).spec.files
    assert not list(bundle_folder.glob("*.part"))


def test_write_spec_refuses_what_the_reader_would(bundle_folder):
    before = (bundle_folder / "spec.json").read_text()
    fields = json.loads(before)
    with pytest.raises(KitError, match="kind must be one of"):
        write_spec(bundle_folder, {**fields, "kind": "oracle"})
    with pytest.raises(KitError, match="plain finite numbers"):
        write_spec(bundle_folder, {**fields, "metrics": {"loss": float("nan")}})
    with pytest.raises(KitError, match="plain finite numbers"):
        write_spec(bundle_folder, {**fields, "metrics": {"loss": object()}})
    with pytest.raises(KitError, match="plain finite numbers"):
        write_spec(bundle_folder, {**fields, "labels": ["\ud800"]})
    with pytest.raises(KitError, match="must name plain files"):
        write_spec(bundle_folder, {**fields, "graphs": {"model": {}}})
    with pytest.raises(KitError, match="must name plain files"):
        write_spec(bundle_folder, {**fields, "files": ["../spec.json"]})
    (bundle_folder / "step.onnx").unlink()
    with pytest.raises(KitError, match=r"without step\.onnx"):
        write_spec(bundle_folder, fields)
    assert (bundle_folder / "spec.json").read_text() == before
    assert not list(bundle_folder.glob("*.part"))
