"""A forecaster of numeric series that runs in onnxruntime."""

from typing import Any

import numpy as np

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.forecasts import PATHS, Forecast
from keras_rnn_kit.runtime.bundle import Bundle
from keras_rnn_kit.runtime.kinds.forecaster import FORECAST, forecasting_of
from keras_rnn_kit.runtime.session import check_session, open_session
from keras_rnn_kit.runtime.spec import SPEC


class Forecaster:
    """A bundle's forecaster; `keras_rnn_kit.runtime.load` makes it.

    Nothing changes from call to call, so threads may share one.

    Attributes:
        bundle: where it came from.
        forecasting: the window and the variables that it reads, and what it says of each point.
        targets: the numbers of the variables that it predicts.
    """

    def __init__(self, bundle: Bundle, provider: str = "cpu", threads: int | None = None) -> None:
        bundle.must_be("forecaster", "Forecaster")
        self.bundle = bundle
        self.forecasting = forecasting_of(bundle.spec.settings, SPEC)
        self.targets: tuple[int, ...] = tuple(bundle.spec.settings["targets"])
        graph = bundle.spec.graphs[FORECAST if self.forecasting.iterated else "model"]
        source = str(bundle.path / graph.file)
        self._session = open_session(bundle.read(graph.file), provider, threads, name=source)
        check_session(self._session, graph, source)

    def forecast(
        self,
        series: Any,
        steps: int | None = None,
        *,
        share: float | None = None,
        paths: int = PATHS,
        seed: int | None = None,
    ) -> Forecast:
        """The k points that follow a series, with an interval where the model has one.

        Args:
            series: `[T]`, `[T, C]` or `[B, T, C]`, in its own units where the model has a scaler;
                its last points are read, as many as the model's window.
            steps: k; None for the horizon. A direct model has no more than its horizon.
            share: of the points that the interval is to hold, for a model with a distribution; None
                for 0.8. Quantiles have theirs.
            paths: how many are sampled for the interval of an iterated model.
            seed: of the paths; None for others each time.

        Returns:
            `values`, `lower`, `upper`, `[k, K]` each or `[B, k, K]`.

        Raises:
            KitError: the series is too short, of another shape, or has gaps in its last window;
                more steps than a direct model has; a share that the model doesn't have.
        """
        return self.forecasting.forecast(
            self._run, series, steps, share=share, paths=paths, seed=seed
        )

    def sample_paths(
        self, series: Any, steps: int | None = None, *, paths: int = PATHS, seed: int | None = None
    ) -> np.ndarray:
        """Futures of the series, `[N, k, K]` or `[B, N, k, K]`, each point drawn from its normal.

        Raises `KitError` for a model without a distribution, and as `forecast`.
        """
        return self.forecasting.paths(self._run, series, steps, paths, seed)

    def _run(self, windows: np.ndarray, noise: np.ndarray) -> np.ndarray:
        given: dict[str, Any] = {"series": windows}
        if self.forecasting.iterated:
            if self.forecasting.normal:
                given["noise"] = noise
            else:
                given["steps"] = np.array(noise.shape[1], np.int64)
        made: np.ndarray = self._session.run([FORECAST], given)[0][:, : noise.shape[1]]
        if not np.isfinite(made).all():
            raise KitError(
                f"a model must give finite forecasts; received NaN or infinity from "
                f"{self.bundle.path} within {noise.shape[1]} steps. Ask for fewer, or train it "
                "anew: its predictions, fed back, may grow without end."
            )
        return made
