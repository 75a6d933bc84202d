"""Texts that have labels, one long text a label: for models that write in the manner of one."""

import os
from collections.abc import Iterator
from pathlib import Path

from keras_rnn_kit.arguments import positive_integer
from keras_rnn_kit.errors import KitError
from keras_rnn_kit.text.builtin import python_manual
from keras_rnn_kit.text.files import StrPath
from keras_rnn_kit.text.sources import load_text

# Long topics of the manual that have no text in common, those of a label about one thing.
MANUAL = {
    "statements": ("compound",),
    "objects": ("specialnames",),
    "containers": ("typesseq", "typesmapping"),
    "strings": ("formatstrings", "string-methods"),
}


def texts_by_label(
    source: StrPath, *, characters: int | None = None, encoding: str = "utf-8"
) -> dict[str, str]:
    """One text for each label, in the order of a source's labels.

    Args:
        source: `python-docs`: parts of Python's own manual, each about one thing;
            `LABEL=SOURCE,LABEL=SOURCE`, each source as in `load_text`; or a folder with a file for
            each label, whose name up to the first dot is the label.
        characters: of each text, at the most: the rest is cut off, so that none outweighs the
            others. None keeps all.
        encoding: of the files.

    Raises:
        KitError: for fewer than two labels, one that comes twice, and what `load_text` raises.

    Example:
        >>> texts = texts_by_label("python-docs", characters=1000)
        >>> {label: len(text) for label, text in texts.items()}
        {'statements': 1000, 'objects': 1000, 'containers': 1000, 'strings': 1000}
    """
    most = None if characters is None else positive_integer("characters", characters)
    name = os.fspath(source)
    pairs = _manual() if name == "python-docs" else _files(name, encoding)
    found: dict[str, str] = {}
    for label, text in pairs:
        if label in found:
            raise KitError(
                f"each label has one text; received two of {label!r} in {name}. Give each a name "
                "of its own."
            )
        found[label] = text[:most]
    if len(found) < 2:
        raise KitError(
            f"texts by label must have two labels or more; received {len(found)} in {name}. Pass "
            "LABEL=FILE,LABEL=FILE, or a folder with a file for each label."
        )
    return found


def _manual() -> Iterator[tuple[str, str]]:
    python_manual()  # which says what is missing
    from pydoc_data.topics import topics

    for label, names in MANUAL.items():
        # Not every Python has every topic.
        yield label, "\n\n".join(topics[name].strip() for name in names if name in topics) + "\n"


def _files(source: str, encoding: str) -> Iterator[tuple[str, str]]:
    if "=" in source:
        for part in source.split(","):
            label, equals, file = part.partition("=")
            if not (label.strip() and equals and file.strip()):
                raise KitError(
                    f"texts by label must be given as LABEL=FILE,LABEL=FILE; received {part!r} in "
                    f"{source}. Write e.g. wells=timemachine.txt,play=hamlet.txt."
                )
            yield label.strip(), load_text(file.strip(), encoding=encoding)
        return
    folder = Path(source)
    if not folder.is_dir():
        raise KitError(
            f"texts by label must be python-docs, LABEL=FILE,LABEL=FILE or a folder with a file "
            f"for each label; received {source}, which is none of them. Pass one of these."
        )
    for path in sorted(folder.iterdir()):
        if path.is_file() and not path.name.startswith("."):
            yield path.name.partition(".")[0], load_text(path, encoding=encoding)
