import dataclasses
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from typing import Any, Literal

import pytest

from keras_rnn_kit.commands import option, parse, run, starting_quietly
from keras_rnn_kit.errors import KitError


@dataclasses.dataclass(frozen=True)
class Config:
    units: int = option(256, "width")
    learning_rate: float = option(0.5, "step")
    embedding: int | None = option(None, "width, or one-hot vectors")
    partition: Literal["random", "sequential"] = option("random", "windows")
    overwrite: bool = option(False, "replace the run folder")
    out: str = option("runs/x", "the run folder")


def test_nothing_given_is_the_defaults() -> None:
    assert parse(Config, "Trains.", []) == Config()


def test_every_kind_of_option() -> None:
    argv = (
        "--units 3 --learning-rate 1e-3 --embedding 4 --partition sequential --overwrite --out a/b"
    )
    assert parse(Config, "Trains.", argv.split()) == Config(3, 1e-3, 4, "sequential", True, "a/b")
    assert parse(Config, "Trains.", ["--no-overwrite"]).overwrite is False


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--units", "many"], "argument --units: invalid int value: 'many'"),
        (["--partition", "odd"], "argument --partition: invalid choice: 'odd'"),
        (["--embedding", "x"], "argument --embedding: invalid int value: 'x'"),
        (["--width", "3"], "unrecognized arguments: --width 3"),
        (["--out"], "argument --out: expected one argument"),
    ],
)
def test_wrong_options(argv: list[str], message: str, capsys: Any) -> None:
    with pytest.raises(SystemExit) as stop:
        parse(Config, "Trains.", argv)
    assert stop.value.code == 2
    error = capsys.readouterr().err
    assert message in error
    assert "Traceback" not in error


def test_help_names_each_option_and_its_default(capsys: Any) -> None:
    with pytest.raises(SystemExit) as stop:
        parse(Config, "Trains a model.", ["--help"])
    assert stop.value.code == 0
    text = " ".join(capsys.readouterr().out.split())
    assert "Trains a model." in text
    assert "width (default: 256)" in text
    assert "--overwrite, --no-overwrite" in text
    assert "{random,sequential}" in text
    assert "(default: None)" not in text


def fails(error: BaseException) -> Callable[[], int]:
    def main() -> int:
        print("so far")
        raise error

    return main


@pytest.mark.parametrize(
    ("main", "status", "said"),
    [
        (lambda: None, 0, ""),
        (lambda: 0, 0, ""),
        (lambda: 130, 130, ""),
        (fails(KitError("units must be 1 or more; received 0.")), 1, "error: units must be 1 or "),
        (fails(KeyboardInterrupt()), 130, "interrupted"),
    ],
)
def test_exit_status(main: Any, status: int, said: str, capsys: Any) -> None:
    with pytest.raises(SystemExit) as stop:
        run(main)
    assert stop.value.code == status
    error = capsys.readouterr().err
    assert error.startswith(said)
    assert error.count("\n") == bool(said), "one line"


def test_a_bug_keeps_its_traceback() -> None:
    with pytest.raises(ZeroDivisionError):
        run(lambda: 1 // 0)


def command(body: str, **how: Any) -> subprocess.Popen[str]:
    code = f"from keras_rnn_kit.commands import *\nimport sys\ndef main():\n{body}\nrun(main)"
    environment = {key: value for key, value in os.environ.items() if not key.startswith("TF_")}
    environment.pop("PYTHONUNBUFFERED", None)  # output waits in a buffer, as it mostly does
    return subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        **how,
    )


def test_a_mistake_is_one_line_without_a_traceback() -> None:
    process = command(
        "  from keras_rnn_kit.errors import KitError\n  raise KitError('a must be b.')"
    )
    assert process.communicate() == ("", "error: a must be b.\n")
    assert process.returncode == 1


def test_ctrl_c() -> None:
    # Whoever runs the tests in the background has Ctrl-C ignored, and its children inherit that.
    heard = {"preexec_fn": lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)}
    process = command("  print('ready', flush=True)\n  import time\n  time.sleep(60)", **heard)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGINT)
    assert process.communicate() == ("", "interrupted\n")
    assert process.returncode == 130


@pytest.mark.parametrize(
    ("then", "said"),
    [
        ("while True: print('line')", ""),
        ("print('a little, still in the buffer')", ""),
        ("print('a little'); raise KitError('a must be b.')", "error: a must be b.\n"),
        ("print('a little'); raise KeyboardInterrupt", "interrupted\n"),
    ],
)
def test_a_reader_that_goes_away(then: str, said: str) -> None:
    process = command(f"  print('first', flush=True)\n  sys.stdin.readline()\n  {then}", stdin=-1)
    assert process.stdout is not None
    assert process.stdin is not None
    assert process.stderr is not None
    assert process.stdout.readline() == "first\n"
    process.stdout.close()  # as `| head -1` does
    process.stdin.write("go on\n")
    process.stdin.close()
    assert process.stderr.read() == said
    process.stderr.close()
    assert process.wait() == 1


def test_starting_quietly_hides_what_native_code_says(capfd: Any) -> None:
    with starting_quietly():
        os.write(2, b"I0000 native lines\n")
    os.write(2, b"later\n")
    print("and Python", file=sys.stderr)
    assert capfd.readouterr().err == "later\nand Python\n"


def test_starting_quietly_ends_a_command_that_lacks_a_package(capfd: Any) -> None:
    with pytest.raises(SystemExit, match=r"error: .*keras.*\[train\]"), starting_quietly():
        raise ModuleNotFoundError("No module named 'keras'", name="keras")
    with pytest.raises(SystemExit, match="error: told"), starting_quietly():
        raise KitError("told")
    os.write(2, b"later\n")
    assert capfd.readouterr().err == "later\n"


@pytest.mark.parametrize("error", [ImportError, KeyboardInterrupt])
def test_starting_quietly_hides_no_error(error: type[BaseException], capfd: Any) -> None:
    with pytest.raises(error, match="told"), starting_quietly():
        raise error("told")
    os.write(2, b"later\n")
    assert capfd.readouterr().err == "later\n"


def test_starting_quietly_leaves_a_set_log_level(monkeypatch: Any) -> None:
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "0")
    with starting_quietly():
        pass
    assert os.environ["TF_CPP_MIN_LOG_LEVEL"] == "0"


def test_tensorflow_starts_quietly() -> None:
    pytest.importorskip("tensorflow", reason="needs tensorflow, which the extra [train] brings")
    process = command(
        "  with starting_quietly():\n"
        "    import tensorflow as tf\n"
        "  print(int(tf.function(lambda x: x + 1)(tf.constant(1))))"
    )
    assert process.communicate() == ("2\n", "")
    assert process.returncode == 0
