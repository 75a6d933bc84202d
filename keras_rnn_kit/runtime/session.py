"""Opening an onnxruntime session, with errors that say what to do."""

import contextlib
import os
import re
import sys
from pathlib import Path
from typing import Any

from keras_rnn_kit.arguments import positive_integer
from keras_rnn_kit.cores import available_cores
from keras_rnn_kit.errors import KitError
from keras_rnn_kit.runtime.ports import Graph, Port

PROVIDERS = ("cpu", "cuda", "auto")
_CACHE = 1 << 20  # bytes
_TYPES = {"float16": "float16", "float32": "float", "float64": "double"}


def open_session(
    model: str | os.PathLike[str] | bytes,
    provider: str = "cpu",
    threads: int | None = None,
    *,
    name: str = "the model",
) -> Any:
    """Opens an `onnxruntime.InferenceSession`.

    Args:
        model: the path of an ONNX file, or its bytes. Tensors stored outside it are refused.
        provider: `cpu`, `cuda`, or `auto`, which is CUDA where it works and the CPU elsewhere.
        threads: how many threads an operator may use; None is one a core.
        name: what messages call a model of bytes.

    Raises:
        KitError: onnxruntime or CUDA missing, a file that is missing, damaged, or needs an
            operator that this onnxruntime lacks.
    """
    if provider not in PROVIDERS:
        raise KitError(
            f"provider must be one of {list(PROVIDERS)}; received provider={provider!r}. "
            "Pass 'cpu'."
        )
    if threads is not None:
        threads = positive_integer("threads", threads)
    if not isinstance(model, bytes):
        name, model = str(model), _read(Path(model))
    onnxruntime = import_onnxruntime()
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # errors; warnings are about the optimizer's own doings
    if threads is not None:
        options.intra_op_num_threads = threads
    # Nothing can lie under this path, so no tensor is read from a file that wasn't checked.
    options.add_session_config_entry(
        "session.model_external_initializers_file_folder_path", os.devnull
    )
    providers = _providers(onnxruntime, provider)
    try:
        session = onnxruntime.InferenceSession(model, options, providers=providers)
    except Exception as error:  # onnxruntime's errors have no base of their own
        raise KitError(
            f"{name} must be an ONNX model that onnxruntime {onnxruntime.__version__} can run; "
            f"received one it refuses: {_reason(error)}. Export it again, or upgrade onnxruntime."
        ) from error
    if provider == "cuda" and "CUDAExecutionProvider" not in session.get_providers():
        # onnxruntime goes on with the CPU when CUDA's libraries don't load.
        raise KitError(
            "provider='cuda' must find CUDA and cuDNN; received a session on "
            f"{session.get_providers()}. Install the CUDA libraries of this onnxruntime "
            f"({onnxruntime.__version__}), or pass provider='cpu'."
        )
    return session


def threads_for(size: int) -> int:
    """How many threads steps of a model whose file has `size` bytes are worth: a megabyte each.

    That much a core keeps in its own cache from step to step. Of less than that, a step takes no
    longer than it takes two threads to meet.

    Example:
        >>> threads_for(400_000)
        1
    """
    return max(1, min(available_cores(), -(-size // _CACHE)))


def check_session(session: Any, graph: Graph, name: str) -> None:
    """Raises KitError unless the session takes and returns what the spec says of its graph."""
    for side, found, ports in (
        ("inputs", session.get_inputs(), graph.inputs),
        ("outputs", session.get_outputs(), graph.outputs),
    ):
        actual = {argument.name: argument for argument in found}
        wrong = [p.name for p in ports if p.name not in actual or not _fits(actual[p.name], p)]
        if wrong or len(actual) != len(ports):
            raise KitError(
                f"{name} must have the {side} that spec.json lists, "
                f"{[(p.name, list(p.shape), p.dtype) for p in ports]}; received "
                f"{[(a.name, a.shape, a.type) for a in found]}. Export the bundle again."
            )


def import_onnxruntime() -> Any:
    """The onnxruntime module; a KitError that names the extra where it is missing."""
    try:
        import onnxruntime
    except ImportError as error:
        raise KitError(
            f"running a bundle must find onnxruntime; received {error}. "
            "Run `pip install keras-rnn-kit[cpu]`, or keras-rnn-kit[gpu] for CUDA."
        ) from error
    return onnxruntime


def _providers(onnxruntime: Any, provider: str) -> list[str]:
    available = onnxruntime.get_available_providers()
    cuda = "CUDAExecutionProvider" in available
    if provider == "cuda" and not cuda:
        raise KitError(
            f"provider='cuda' must be one that this onnxruntime has; received {available}. "
            "Run `pip uninstall onnxruntime` and `pip install keras-rnn-kit[gpu]`, or pass "
            "provider='cpu'."
        )
    if provider == "cpu" or not cuda:
        return ["CPUExecutionProvider"]
    if hasattr(onnxruntime, "preload_dlls"):
        # Finds the CUDA and cuDNN that pip installed; what it says mustn't mix with a command's
        # own output.
        with contextlib.redirect_stdout(sys.stderr):
            onnxruntime.preload_dlls()
    return ["CUDAExecutionProvider", "CPUExecutionProvider"]


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise KitError(
            f"a model must be an ONNX file that can be read; received {path} "
            f"({error.strerror}). Pass the path of one."
        ) from error


def _fits(argument: Any, port: Port) -> bool:
    """Whether onnxruntime's argument has the port's type, rank and sizes, as far as it tells."""
    if argument.type != f"tensor({_TYPES.get(port.dtype, port.dtype)})":
        return False
    if not argument.shape:  # a scalar or an unknown rank
        return True
    return len(argument.shape) == len(port.shape) and not any(
        isinstance(size, int) and size != wanted
        for size, wanted in zip(argument.shape, port.shape, strict=True)
    )


def _reason(error: Exception) -> str:
    """onnxruntime's message in one line, without its codes and the places in its source."""
    text = re.sub(r"^\[ONNXRuntimeError\] : \d+ : ", "", " ".join(str(error).split()))
    text = re.sub(r"\S+\.(?:cc|cpp|h):\d+ .*?\)(?: const)? (?=[A-Z\[])", "", text)
    return text[:400].rstrip(" .")
