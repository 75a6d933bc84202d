"""First call and memory: the process tells them, and what became of it is told."""

import json
import subprocess

import pytest

from benchmarks import first_call, fresh
from benchmarks.grid import Shape
from benchmarks.memory import Growth
from benchmarks.peers import AS_IT_COMES, JIT, OURS
from keras_rnn_kit.errors import KitError
from tests.catalogue import THOROUGH

TINY = Shape(3, 5, 2, 4)
FIELDS = {"seconds", "cpu_seconds", "first_bytes", "peak_bytes"}


def test_growth_is_from_now_on():
    first = bytearray(b"x" * 60_000_000)
    growth = Growth()
    del first
    # Memory that was given back before counts for nothing; pages of the interpreter may come in.
    assert growth.peak_bytes() < 20_000_000
    second = bytearray(b"x" * 120_000_000)
    assert growth.peak_bytes() > 50_000_000
    del second
    assert growth.peak_bytes() > 50_000_000


@pytest.mark.parametrize("peer", first_call.PEERS)
def test_every_peer_has_its_figures(peer, capsys):
    given = ["3", "5", "2", "4", peer, "--after-small"]
    assert first_call.main(given) == 0
    figures = json.loads(capsys.readouterr().out)
    assert set(figures) == FIELDS
    assert figures["seconds"] > 0
    assert figures["first_bytes"] <= figures["peak_bytes"]


@THOROUGH
def test_a_process_of_its_own_prints_the_same_fields():
    assert set(fresh._process(TINY, AS_IT_COMES)) == FIELDS


def test_rows_have_every_process(monkeypatch):
    started = []

    def process(shape, peer, *options):
        started.append((peer, *options))
        seconds = {OURS: 0.5, AS_IT_COMES: 0.25, JIT: 1.0}[peer]
        return {"seconds": seconds, "cpu_seconds": 2 * seconds, "peak_bytes": 1e8 * seconds}

    monkeypatch.setattr(fresh, "_process", process)
    row, memory = fresh.fresh_rows(TINY, repeats=2)
    assert started.count((OURS,)) == started.count((JIT,)) == 2
    assert started.count((OURS, "--after-small")) == 1
    assert row.times == {OURS: [0.5] * 2, AS_IT_COMES: [0.25] * 2, JIT: [1.0] * 2}
    assert row.cpu_ratio(AS_IT_COMES) == 0.5
    assert memory.megabytes(OURS) == 50
    assert memory.ratio() == 0.5
    assert memory.to_json()["bytes"][JIT] == [1e8, 1e8]
    assert str(memory).startswith("B, T, E, H 3, 5, 2, 4: kit 50 MB")
    lines = fresh.memory_table([memory]).split("\n")
    assert "| kit MB |" in lines[0]
    assert "Keras / kit, after a small layer" in lines[0]
    assert "0.500" in lines[2]


def test_a_process_that_fails_is_told(monkeypatch):
    done = subprocess.CompletedProcess([], 2, "", "first\nlast\n")
    monkeypatch.setattr(fresh.subprocess, "run", lambda *_, **__: done)
    with pytest.raises(KitError, match=r"received status 2 and 'last' for kit at \[3, 5, 2, 4\]"):
        fresh._process(TINY, OURS)
