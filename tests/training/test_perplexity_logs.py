import math
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.training import GradientClipping, Perplexity, PerplexityLogs
from keras_rnn_kit.training.hooks import is_wrapped
from tests.training.models import compiled, padded_batch, saves_models, token_model, token_nll

# The log-likelihoods of single tokens are float32; their sums are not.
TOLERANCE = 1e-5


def fit(model: keras.Model, x: Any, y: Any, *callbacks: Any, **arguments: Any) -> dict[str, list]:
    arguments = {"batch_size": 4, "shuffle": False, "verbose": 0, **arguments}
    return model.fit(x, y, callbacks=list(callbacks), **arguments).history


def still(**arguments: Any) -> keras.Model:
    """A model that training leaves as it is, so that each epoch's figures are known."""
    return compiled(token_model(), keras.optimizers.SGD(0.0), **arguments)


@pytest.mark.parametrize(
    "how", [{}, {"jit_compile": True}, {"run_eagerly": True}, {"steps_per_execution": 2}]
)
def test_training_and_validation_equal_numpy(how: dict[str, Any]) -> None:
    (x, y), (val_x, val_y) = padded_batch(10, 0), padded_batch(7, 1)
    model = still(**how)
    nll = token_nll(model.predict(x, verbose=0), y)[x != 0].mean()
    val_nll = token_nll(model.predict(val_x, verbose=0), val_y)[val_x != 0].mean()
    history = fit(model, x, y, PerplexityLogs(), validation_data=(val_x, val_y), epochs=2)
    expected = {
        "perplexity": math.exp(nll),
        "bits_per_character": nll / math.log(2),
        "val_perplexity": math.exp(val_nll),
        "val_bits_per_character": val_nll / math.log(2),
    }
    assert sorted(history) == sorted([*expected, "loss", "val_loss"])
    for name, value in expected.items():
        assert history[name] == pytest.approx([value] * 2, rel=TOLERANCE), name
    assert abs(math.exp(history["loss"][0]) / math.exp(nll) - 1) > 10 * TOLERANCE


def test_weights_mark_what_is_not_counted() -> None:
    x, y = padded_batch(9)
    weights = np.random.default_rng(2).integers(0, 2, x.shape).astype("float32")
    model = still()
    nll = token_nll(model.predict(x, verbose=0), y)[(x != 0) & (weights != 0)].mean()
    history = fit(model, x, y, PerplexityLogs(), sample_weight=weights)
    assert history["perplexity"][0] == pytest.approx(math.exp(nll), rel=TOLERANCE)


def ignoring() -> keras.losses.Loss:
    return keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=0)


@pytest.mark.parametrize(
    ("from_logits", "loss", "callback", "is_real"),
    [
        (True, ignoring, PerplexityLogs, lambda y: y != 0),
        (True, ignoring, lambda: PerplexityLogs(ignore_id=5), lambda y: y != 5),
        (False, lambda: "sparse_categorical_crossentropy", PerplexityLogs, lambda y: y >= 0),
        (True, lambda: lambda y, p: p[..., 0], lambda: PerplexityLogs(True), lambda y: y >= 0),
    ],
)
def test_the_loss_tells_what_is_predicted_unless_told(
    from_logits: bool,
    loss: Callable[[], Any],
    callback: Callable[[], PerplexityLogs],
    is_real: Callable[[np.ndarray], np.ndarray],
) -> None:
    x, y = padded_batch(6)
    model = token_model(mask_zero=False, from_logits=from_logits)
    model.compile(keras.optimizers.SGD(0.0), loss())
    predicted = model.predict(x, verbose=0)
    nll = token_nll(predicted if from_logits else np.log(predicted), y)[is_real(y)].mean()
    history = fit(model, x, y, callback())
    assert history["perplexity"][0] == pytest.approx(math.exp(nll), rel=TOLERANCE)


@pytest.mark.parametrize("loss", ["mse", lambda y, p: p[..., 0], None])
def test_a_loss_that_does_not_tell_is_told(loss: Any) -> None:
    model = token_model()
    model.compile("sgd", loss)
    with pytest.raises(KitError, match="Pass from_logits=True or from_logits=False"):
        fit(model, *padded_batch(4), PerplexityLogs())


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_mixed_precision(policy: str) -> None:
    x, y = padded_batch(6)
    model = compiled(token_model(dtype=policy), keras.optimizers.SGD(0.0))
    logits = np.array(keras.ops.cast(model(x), "float32"))
    nll = token_nll(logits, y)[x != 0].mean()
    history = fit(model, x, y, PerplexityLogs())
    # The step computes in half precision, fused otherwise than the call above: 2⁻⁸ a logit.
    assert history["perplexity"][0] == pytest.approx(math.exp(nll), rel=2**-8)


def test_together_with_clipping_and_the_progress_bar(capsys: pytest.CaptureFixture[str]) -> None:
    x, y = padded_batch(6)
    model = compiled(token_model())
    clipping = GradientClipping(0.1)
    history = fit(model, x, y, clipping, PerplexityLogs(), epochs=2, verbose=2)
    assert sorted(history) == [
        *("bits_per_character", "clipped_share", "gradient_norm", "loss", "perplexity"),
    ]
    shown = capsys.readouterr().out
    assert shown.count("perplexity: ") == shown.count("gradient_norm: ") == 2
    assert history["perplexity"][1] < history["perplexity"][0]


def test_fits_before_and_after_go_without() -> None:
    x, y = padded_batch(4)
    model = compiled(token_model())
    callback = PerplexityLogs()
    for callbacks, has in (([], False), ([callback], True), ([callback], True), ([], False)):
        history = fit(model, x, y, *callbacks, validation_data=(x, y))
        assert ("perplexity" in history) is has
        assert ("val_perplexity" in history) is has
    assert not is_wrapped(model, "compute_metrics")


def test_evaluate_alone() -> None:
    x, y = padded_batch(6)
    model = still()
    nll = token_nll(model.predict(x, verbose=0), y)[x != 0].mean()
    callback = PerplexityLogs()
    for _ in range(2):
        logs = model.evaluate(x, y, 4, verbose=0, return_dict=True, callbacks=[callback])
        assert logs["perplexity"] == pytest.approx(math.exp(nll), rel=TOLERANCE)
    assert sorted(model.evaluate(x, y, verbose=0, return_dict=True)) == ["loss"]


def test_evaluate_and_fit_after_an_interrupted_fit() -> None:
    class Interrupt(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            raise KeyboardInterrupt

    x, y = padded_batch(4)
    model = still()
    callback = PerplexityLogs()
    with pytest.raises(KeyboardInterrupt):
        fit(model, x, y, callback, Interrupt())
    fit(model, x, y)
    logs = model.evaluate(x, y, verbose=0, return_dict=True, callbacks=[callback])
    assert "perplexity" in logs
    with pytest.raises(KeyboardInterrupt):
        fit(model, x, y, callback, Interrupt())
    history = fit(model, x, y, callback)
    assert history["perplexity"] == pytest.approx([logs["perplexity"]], rel=TOLERANCE)


def test_a_metric_of_the_same_meaning_agrees() -> None:
    x, y = padded_batch(9)
    model = still(metrics=[Perplexity(name="own")])
    history = fit(model, x, y, PerplexityLogs())
    assert history["perplexity"] == pytest.approx(history["own"], rel=1e-6)


@saves_models
def test_early_stopping_and_checkpoints_follow_it(tmp_path: Any) -> None:
    x, y = padded_batch(6)
    model = compiled(token_model())
    path = tmp_path / "best.keras"
    best = keras.callbacks.ModelCheckpoint(
        path, monitor="val_perplexity", mode="min", save_best_only=True
    )
    history = fit(model, x, y, PerplexityLogs(), best, epochs=2, validation_data=(x, y))
    assert best.best == min(history["val_perplexity"])
    again = keras.models.load_model(path)
    logs = again.evaluate(x, y, 4, verbose=0, return_dict=True, callbacks=[PerplexityLogs()])
    assert logs["perplexity"] == pytest.approx(best.best, rel=TOLERANCE)


class OwnStep(keras.Model):
    """As Keras's guides have it: a step, a tracker and a list of metrics of one's own."""

    def __init__(self, calls_metrics: bool) -> None:
        super().__init__()
        self.inner = token_model()
        self.calls_metrics = calls_metrics
        self.tracker = keras.metrics.Mean(name="own_loss")

    def call(self, tokens: Any) -> Any:
        return self.inner(tokens)

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        return [self.tracker]

    def train_step(self, data: Any) -> dict[str, Any]:
        x, y = data
        y_pred = self(x)
        self.tracker.update_state(self.compute_loss(x, y, y_pred))
        if self.calls_metrics:
            return self.compute_metrics(x, y, y_pred)
        return {"own_loss": self.tracker.result()}


def test_a_step_of_ones_own() -> None:
    x, y = padded_batch(6)
    model = compiled(OwnStep(True))
    nll = token_nll(np.array(model(x)), y)[x != 0].mean()
    history = fit(model, x, y, PerplexityLogs(), epochs=2)
    assert history["perplexity"] == pytest.approx([math.exp(nll)] * 2, rel=TOLERANCE)
    assert sorted(history) == ["bits_per_character", "own_loss", "perplexity"]


def test_a_step_that_leaves_out_the_metrics_is_told() -> None:
    model = compiled(OwnStep(False))
    with pytest.raises(KitError, match=r"\(OwnStep\) whose own step does not call it"):
        fit(model, *padded_batch(6), PerplexityLogs())


def test_several_outputs_are_told() -> None:
    model = token_model()
    model = keras.Model(model.input, [model.output, model.output])
    model.compile("sgd", ["sparse_categorical_crossentropy"] * 2)
    x, y = padded_batch(4)
    with pytest.raises(KitError, match="received outputs in a list"):
        fit(model, x, [y, y], PerplexityLogs(from_logits=True))
