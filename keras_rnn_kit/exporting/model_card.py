"""A short page about a bundle, made from its spec: for whoever finds the folder."""

from collections.abc import Mapping
from typing import Any

from keras_rnn_kit.exporting.kinds.contract import Card
from keras_rnn_kit.text import TextEncoder

MODEL_CARD = "MODEL_CARD.md"


def model_card(spec: Mapping[str, Any], card: Card, encoders: Mapping[str, TextEncoder]) -> str:
    """The page of a bundle with these fields of `spec.json`, as Markdown.

    `encoders` are those of its vocabularies, by file.

    Example:

    >>> from keras_rnn_kit.exporting.kinds.language_model import KIND
    >>> from keras_rnn_kit.text import TextEncoder
    >>> encoders = {"vocabulary.json": TextEncoder.build(["to be"])}
    >>> spec = {"kind": "language_model", "target": "cpu", "precision": "float32", "opset": 18,
    ...         "graphs": {}, "labels": [], "metrics": {"perplexity": 4.25}, "measured": {},
    ...         "versions": {"keras": "3.15.1"}}
    >>> print(model_card(spec, KIND.card, encoders).splitlines()[2])
    A recurrent language model: it goes on with a text, and scores one.
    """
    label = f", label={spec['labels'][0]!r}" if spec["labels"] else ""
    lines = ["# Model card", "", card.what, ""]
    for file, encoder in encoders.items():
        vocabulary = encoder.vocabulary
        lines.append(
            f"- **Vocabulary:** {len(vocabulary):,} tokens, {len(vocabulary.specials)} of them "
            f"special ({', '.join(f'`{special}`' for special in vocabulary.specials)}), "
            f"in `{file}` and in the metadata of each ONNX file."
        )
    if spec["labels"]:
        lines.append(f"- **Labels:** {', '.join(map(str, spec['labels']))}.")
    lines += [
        f"- **Written for** onnxruntime on {spec['target']}, in {spec['precision']}, opset "
        f"{spec['opset']}.",
        *([f"- **What {spec['precision']} costs:** {cost(spec)}."] if spec["measured"] else []),
        f"- **Written by** {', '.join(f'{n} {v}' for n, v in spec['versions'].items())}.",
        "",
        "| file | what | inputs | outputs |",
        "|---|---|---|---|",
    ]
    for name, graph in spec["graphs"].items():
        ends = (", ".join(map(_port, graph[side])) for side in ("inputs", "outputs"))
        lines.append(f"| `{graph['file']}` | {card.graphs[name]} | {' | '.join(ends)} |")
    if spec["metrics"]:
        lines += ["", "Figures of the training run:", "", "| figure | value |", "|---|---|"]
        lines += [f"| {name} | {value:.6g} |" for name, value in spec["metrics"].items()]
    lines += [
        "",
        "```",
        "from keras_rnn_kit.runtime import load",
        f"print({card.run.replace('{label}', label)})",
        "```",
        "",
    ]
    return "\n".join(lines)


def cost(spec: Mapping[str, Any]) -> str:
    """What was measured of a lower precision, as a phrase.

    Example:

    >>> cost({"precision": "int8", "measured": {
    ...     "figure": "perplexity", "on": 12000, "float32": 4.0, "int8": 4.01}})
    'perplexity 4.0100, 4.0000 in float32 (+0.25%), on 12,000 tokens'
    """
    measured, precision = spec["measured"], spec["precision"]
    before, after = measured["float32"], measured[precision]
    counted = {"perplexity": "tokens", "accuracy": "texts", "tag_accuracy": "words"}
    things = counted[measured["figure"]]
    change = f" ({after / before - 1:+.2%})" if before else ""
    return (
        f"{measured['figure']} {after:.4f}, {before:.4f} in float32{change}, on "
        f"{measured['on']:,} {things}"
    )


def _port(port: Mapping[str, Any]) -> str:
    return f"`{port['name']}` [{', '.join(map(str, port['shape']))}] {port['dtype']}"
