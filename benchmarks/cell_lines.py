"""What is measured of one cell, with the same settings for all of them."""

import dataclasses
import hashlib
from pathlib import Path
from typing import Any

from benchmarks import adding_problem, cell_step, small_language_model
from benchmarks.grid import Shape
from benchmarks.peers import AS_IT_COMES, OURS
from benchmarks.report import progress
from keras_rnn_kit.layers.named import NamedRNN
from keras_rnn_kit.models.equal_parameters import parameters_of

WIDTH = 128  # E and H where the parameters are counted


@dataclasses.dataclass(frozen=True)
class Plan:
    """The settings; `text` is the file of the language model, without which it has no score."""

    shape: Shape
    rounds: int
    adding: adding_problem.Settings
    model: small_language_model.Settings
    text: str | None

    def to_json(self) -> dict[str, Any]:
        """All that a line depends on, but the cell; the text by its name and checksum."""
        text = None
        if self.text is not None:
            path = Path(self.text)
            text = {"name": path.name, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
        return {
            "width": WIDTH,
            "timing": {"shape": str(self.shape), "rounds": self.rounds},
            "adding": dataclasses.asdict(self.adding),
            "model": dataclasses.asdict(self.model),
            "text": text,
        }

    def corpus(self) -> small_language_model.Corpus | None:
        """The text, read and cut; `KitError` where it can't be read."""
        if self.text is None:
            return None
        return small_language_model.Corpus.read(self.text, self.model.train_share)


def line_of(
    layer_class: type[NamedRNN], plan: Plan, corpus: small_language_model.Corpus | None
) -> dict[str, Any]:
    """The cell's line: its size, its time a step, its two scores."""
    row = cell_step.cell_row(layer_class, plan.shape, rounds=plan.rounds)
    progress(str(row))
    line: dict[str, Any] = {
        "parameters": parameters_of(layer_class, WIDTH, WIDTH),
        "ms": {peer: row.ms(peer) for peer in (OURS, AS_IT_COMES)},
        "ratio": row.ratio(AS_IT_COMES),
        "adding_problem": adding_problem.score(layer_class, plan.adding),
        "language_model": None,
    }
    progress(f"adding problem: {line['adding_problem']}")
    if corpus is not None:
        score = small_language_model.score(layer_class, corpus, plan.model)
        progress(f"language model: {score}")
        line["language_model"] = dataclasses.asdict(score)
    return line
