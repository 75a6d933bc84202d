"""What the commands of `recipes/` and `export/` share: options, quiet start, exit status."""

import argparse
import contextlib
import dataclasses
import os
import sys
import typing
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NoReturn, TypeVar

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.extras import train_extra

Config = TypeVar("Config")


def option(default: Any, help: str) -> Any:
    """A field of a config dataclass that `parse` makes an option of: `seq_length` → `--seq-length`.

    A `Literal` type gives the choices, a `bool` the pair `--x` and `--no-x`.
    """
    return dataclasses.field(default=default, metadata={"help": help})


def parse(config: type[Config], description: str, argv: Sequence[str] | None = None) -> Config:
    """Reads the command line into a config dataclass.

    Example:

    >>> @dataclasses.dataclass(frozen=True)
    ... class Config:
    ...     units: int = option(256, "width of the recurrent layer")
    ...     overwrite: bool = option(False, "replace the run folder")
    >>> parse(Config, "Trains.", ["--units", "64"])
    Config(units=64, overwrite=False)
    """
    parser = argparse.ArgumentParser(description=description)
    types = typing.get_type_hints(config)
    for field in dataclasses.fields(config):  # type: ignore[arg-type]
        name, kind = f"--{field.name.replace('_', '-')}", types[field.name]
        help = field.metadata["help"]
        if field.default is not None:
            help = f"{help} (default: {field.default})"
        if kind is bool:
            action = argparse.BooleanOptionalAction
            parser.add_argument(name, action=action, default=field.default, help=help)
        elif typing.get_origin(kind) is typing.Literal:
            choices = typing.get_args(kind)
            parser.add_argument(name, choices=choices, default=field.default, help=help)
        else:
            plain = [part for part in typing.get_args(kind) if part is not type(None)] or [kind]
            parser.add_argument(name, type=plain[0], default=field.default, help=help)
    return config(**vars(parser.parse_args(argv)))


def whole_numbers(name: str, given: str, least: int = 1) -> list[int]:
    """The whole numbers in "1,2,3"; `KitError` for anything else, or one below `least`.

    Example:

    >>> whole_numbers("--lengths", "50, 100")
    [50, 100]
    """
    parts = [part.strip() for part in given.split(",")]
    if not all(part.isdecimal() and int(part) >= least for part in parts):
        raise KitError(
            f"{name} must be whole numbers of {least} or more with commas between them; received "
            f"{given!r}. Pass e.g. {name} {least + 1},{least + 2}."
        )
    return [int(part) for part in parts]


def verbosity() -> int:
    """`verbose` of `model.fit`: a bar on a terminal, and elsewhere a line an epoch."""
    return 1 if sys.stdout.isatty() else 2


def bundle_parser(description: str) -> argparse.ArgumentParser:
    """The options that every command on a bundle has: the bundle, and what runs it."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("bundle", help="the folder that export.to_onnx wrote")
    parser.add_argument("--provider", choices=("cpu", "cuda"), default="cpu")
    return parser


@contextlib.contextmanager
def starting_quietly() -> Iterator[None]:
    """Keeps TensorFlow's start-up lines off the screen while it is imported in the block.

    They are written by native code to the process's standard error, before any log level is read.
    Where a package is missing the command ends, naming the extra that brings it; Python's other
    errors pass through.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sys.stderr.flush()
    saved = os.dup(2)
    try:
        with open(os.devnull, "wb") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        with train_extra("this command"):
            yield
    except KitError as error:
        os.dup2(saved, 2)
        sys.exit(f"error: {error}")
    finally:
        sys.stderr.flush()
        os.dup2(saved, 2)
        os.close(saved)


def run(main: Callable[[], int | None]) -> NoReturn:
    """Runs a command and exits: 0, 1 after a user's mistake (one line), 130 after Ctrl-C."""
    try:
        try:
            status = main() or 0
        except KitError as error:
            print(f"error: {error}", file=sys.stderr)
            status = 1
        except KeyboardInterrupt:
            print("interrupted", file=sys.stderr)
            status = 130
        sys.stdout.flush()  # here, where its error is caught, and not when Python shuts down
    except BrokenPipeError:
        # Whoever read our output has gone; there is nothing left to say, and nobody to say it to.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 1
    sys.exit(status)
