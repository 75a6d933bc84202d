"""How long a serving process takes to start: imports, and a bundle of a megabyte.

Each figure is from a process of its own. The bare sessions are those of the two files that the
runtime opens, without a look at the bundle's checksums, its vocabulary or its spec.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.report import Row
from keras_rnn_kit.exporting import export_onnx
from keras_rnn_kit.models import LanguageModel
from keras_rnn_kit.text import TextEncoder, python_manual

UNITS = 512  # with an embedding of 64 and V of some hundred, 1.3 MB a file
ONNXRUNTIME, RUNTIME = "import onnxruntime", "import keras_rnn_kit.runtime"
LOAD, SESSIONS = "load the bundle", "its bare sessions"
PEERS = (ONNXRUNTIME, RUNTIME, LOAD, SESSIONS)

_TIMED = (
    "import time; {before}; begin = time.perf_counter(); {code}; print(time.perf_counter() - begin)"
)
_BARE = (
    "o = onnxruntime.SessionOptions(); o.intra_op_num_threads = 2; "
    "[onnxruntime.InferenceSession(f'{folder}/' + name + '.onnx', o) for name in ('model', 'step')]"
)


def loading_row(repeats: int) -> Row:
    """Seconds by peer, from so many processes each, by turns."""
    encoder = TextEncoder.build([python_manual()])
    model = LanguageModel(len(encoder.vocabulary), UNITS)
    model.build((None, None))
    with tempfile.TemporaryDirectory() as folder:
        export_onnx(model, folder, encoder)
        size = (Path(folder) / "model.onnx").stat().st_size
        loaded = "import onnxruntime, keras_rnn_kit.runtime as runtime, keras_rnn_kit.text"
        codes = {
            ONNXRUNTIME: ("pass", ONNXRUNTIME),
            RUNTIME: ("pass", f"{RUNTIME}, onnxruntime"),
            LOAD: (loaded, f"runtime.load({folder!r})"),
            SESSIONS: (loaded, _BARE.replace("{folder}", folder)),
        }
        times: dict[str, list[float]] = {peer: [] for peer in PEERS}
        for _ in range(repeats):
            for peer, (before, code) in codes.items():
                script = _TIMED.format(before=before, code=code)
                done = subprocess.run(
                    [sys.executable, "-c", script], capture_output=True, text=True, check=True
                )
                times[peer].append(float(done.stdout))
    return Row({"model.onnx, bytes": f"{size:,}"}, times)
