"""Which column, key or feature holds the texts, and which the labels."""

from collections.abc import Sequence

from keras_rnn_kit.errors import KitError

LABEL_NAMES = (
    "label", "labels", "sentiment", "class", "category", "target", "polarity", "rating", "score",
    "stars",
)  # fmt: skip
TEXT_NAMES = (
    "text", "texts", "sentence", "review", "content", "body", "comment", "tweet", "document",
    "phrase",
)  # fmt: skip


def column_of(
    source: object, header: Sequence[str], name: str | None, known: Sequence[str], what: str
) -> int:
    """Where that name stands in a header or, where none is given, one that is customary.

    Args:
        source: what errors call the table.
        header: the names of its columns.
        name: the one that is asked for, or None.
        known: `TEXT_NAMES` or `LABEL_NAMES`, found in upper case, too.
        what: "text" or "label".

    Raises:
        KitError: where there is no such column.

    Example:
        >>> column_of("a table", ["id", "Review"], None, TEXT_NAMES, "text")
        1
    """
    names = [cell.strip() for cell in header]
    if name is not None:
        if name not in names:
            raise KitError(
                f"{source} must have the {what} column {name!r}; received the columns "
                f"{shown(header)}. Pass {what}_column with one of them."
            )
        return names.index(name)
    lower = [cell.lower() for cell in names]
    for candidate in known:
        if candidate in lower:
            return lower.index(candidate)
    raise KitError(
        f"{source} must have a {what} column named {', '.join(known[:4])} or the like; received "
        f"the columns {shown(header)}. Pass {what}_column with one of them."
    )


def text_feature(source: str, texts: Sequence[str], names: Sequence[str], name: str | None) -> str:
    """The feature of a data set that holds the texts: the one named, else the one there is.

    Args:
        source: what errors call the data set.
        texts: its features that hold strings.
        names: all its features.
        name: the one that is asked for, or None for one with a customary name, else the only one
            whose name is not a customary one of labels.

    Raises:
        KitError: where there is none, or more than one.

    Example:
        >>> text_feature("a data set", ["author", "text"], ["author", "text", "year"], None)
        'text'
    """
    among = f"received {', '.join(texts) or 'none'} among {', '.join(names)}"
    if name is not None:
        if name not in texts:
            raise KitError(
                f"{source} must have the feature {name!r} with text; {among}. "
                "Pass text_column with one that has text."
            )
        return name
    others = [one for one in texts if one not in LABEL_NAMES]
    found = [known for known in TEXT_NAMES if known in texts]
    found = found or (others if len(others) == 1 else [])
    if not found:
        raise KitError(
            f"{source} must have one feature with text; {among}. Pass text_column with one of "
            "them, or choose another data set."
        )
    return found[0]


def label_feature(
    source: str,
    classes: Sequence[str],
    scalars: Sequence[str],
    names: Sequence[str],
    name: str | None,
) -> str:
    """The feature of a data set that holds the labels: by its type, or by a customary name.

    Args:
        source: what errors call the data set.
        classes: its features that are made for labels.
        scalars: its features with one value a record, those among them.
        names: all its features but the text.
        name: the one that is asked for, or None.

    Raises:
        KitError: where there is none, or more than one.

    Example:
        >>> label_feature("a data set", [], ["stars", "year"], ["stars", "year"], None)
        'stars'
    """
    among = f"received {', '.join(names) or 'none'} beside the text"
    if name is not None:
        if name not in scalars:
            raise KitError(
                f"{source} must have the feature {name!r} with one label a text; {among}. "
                "Pass label_column with another."
            )
        return name
    if len(classes) == 1:
        return classes[0]
    found = [known for known in LABEL_NAMES if known in (classes or scalars)]
    if not found:
        raise KitError(
            f"{source} must have one feature with labels; {among}. Pass label_column with one of "
            "them, or choose another data set."
        )
    return found[0]


def shown(names: Sequence[str]) -> str:
    """The names for an error, long ones cut.

    Example:
        >>> shown(["a", "b" * 50])
        "'a', 'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb...'"
    """
    few = [repr(name if len(name) <= 40 else name[:37] + "...") for name in names[:12]]
    return ", ".join(few) + (", ..." if len(names) > 12 else "")
