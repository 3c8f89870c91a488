"""A multilayer perceptron with numeric embeddings; several of them are trained side by side.

The network of RealMLP (Holzmüller, Grinsztajn and Steinwart, *Better by default: strong pre-tuned
MLPs and boosted trees on tabular data*, 2024): periodic embeddings of numbers (Gorishniy et al.
2022), learned embeddings of levels, a learned scale of each input, the neural tangent
parametrisation, activations with a learned strength, and an initialisation that looks at rows.

Symbols: k networks, n rows, e numbers with an embedding, p other columns, c columns of level codes,
d inputs of a layer, o outputs.
"""

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.learners.neural.activations import ACTIVATIONS
from espalier.pipelines.learners.neural.parameters import ArrayPlan, Parameters

Array = NDArray[np.float32]
Codes = NDArray[np.int64]

FREQUENCIES = 16
"""Cosines of each number."""
MIXED = 3
"""Columns that they are mixed to; the number itself is kept beside them."""
_BYTE = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkShape:
    """Sizes of the networks.

    Attributes
    ----------
    n_networks : int
        Networks side by side.
    n_embedded, n_plain : int
        Numbers with a periodic embedding, and columns that enter as they are, after these.
    levels : tuple of int
        Number of codes of each categorical column.
    level_size : int
        Numbers that a level is embedded in.
    width, depth : int
        Hidden units a layer, and hidden layers.
    n_outputs : int
        Classes, or 1.
    activation : str
        Key of `ACTIVATIONS`.
    """

    n_networks: int
    n_embedded: int
    n_plain: int
    levels: tuple[int, ...]
    level_size: int
    width: int
    depth: int
    n_outputs: int
    activation: str

    @property
    def n_inputs(self) -> int:
        """Inputs of the first layer."""
        embedded = self.n_embedded * (MIXED + 1)
        return embedded + self.n_plain + len(self.levels) * self.level_size

    def plans(self) -> list[ArrayPlan]:
        """Return the arrays; factors of the learning rate are those of RealMLP's defaults."""
        k, e = self.n_networks, self.n_embedded
        plans = []
        if e:
            plans += [
                ArrayPlan("frequency", (k, e, 1, FREQUENCIES), 0.1, 0.1),
                ArrayPlan("phase", (k, e, 1, FREQUENCIES), 0.1, 0.1),
                ArrayPlan("mix", (k, e, FREQUENCIES, MIXED), 0.1, 0.1),
                ArrayPlan("shift", (k, e, 1, MIXED), 0.1, 0.1),
            ]
        if self.levels:
            plans.append(ArrayPlan("levels", (k, sum(self.levels), self.level_size)))
        plans.append(ArrayPlan("scale", (k, 1, self.n_inputs), 6.0, 6.0))
        sizes = [self.n_inputs, *[self.width] * self.depth, self.n_outputs]
        for layer in range(self.depth + 1):
            before, after = sizes[layer], sizes[layer + 1]
            plans.append(ArrayPlan(f"weight {layer}", (k, before, after)))
            plans.append(ArrayPlan(f"bias {layer}", (k, 1, after), 0.1, 0.0))
            if layer < self.depth:
                plans.append(ArrayPlan(f"strength {layer}", (k, 1, after), 0.1, 0.1))
        return plans


@dataclass(slots=True)
class _Tape:
    """What the forward pass keeps for the gradient."""

    wave: tuple[Array, Array, Array] | None = None
    before_scale: Array | None = None
    # Of each layer: its input, its matrix, f(z) - z, the slope, and the factors of dropout.
    layers: list[tuple[Array, Array, Array | None, Array | None, Array | None]] = field(
        default_factory=list
    )


class EmbeddingNetwork:
    """The networks' numbers, their answers and their gradient.

    Parameters
    ----------
    shape : NetworkShape
        Sizes.
    """

    def __init__(self, shape: NetworkShape) -> None:
        self.shape = shape
        self.parameters = Parameters(shape.plans())
        self._first_code = np.cumsum([0, *shape.levels[:-1]]) if shape.levels else None
        self._activation = ACTIVATIONS[shape.activation]

    def initialise(self, X: Array, codes: Codes, *, sigma: float, rng: np.random.Generator) -> None:
        """Draw the numbers, so that units vary by about 1 over the rows given.

        Parameters
        ----------
        X : array, shape (k, n, e + p)
        codes : array, shape (k, n, c)
        sigma : float
            Standard deviation of the frequencies.
        rng : Generator
            Draws.
        """
        values, shape = self.parameters.values, self.shape
        if shape.n_embedded:
            values["frequency"][...] = sigma * rng.standard_normal(values["frequency"].shape)
            values["phase"][...] = np.pi * (2 * rng.random(values["phase"].shape) - 1)
            for name in ("mix", "shift"):
                draw = 2 * rng.random(values[name].shape) - 1
                values[name][...] = draw / math.sqrt(FREQUENCIES)
        if shape.levels:
            values["levels"][...] = rng.standard_normal(values["levels"].shape)
        values["scale"][...] = 1.0
        hidden = self._inputs(X, codes, None)
        for layer in range(shape.depth + 1):
            weight, bias = values[f"weight {layer}"], values[f"bias {layer}"]
            factor = 1 / math.sqrt(weight.shape[1])
            weight[...] = rng.standard_normal(weight.shape)
            spread = np.std(hidden @ (weight * factor), axis=1, keepdims=True)
            weight /= np.maximum(spread, 1e-6)
            hidden = hidden @ (weight * np.float32(factor))
            # Minus a random average of five rows: each unit bends where rows are.
            rows = rng.integers(0, hidden.shape[1], (shape.n_networks, hidden.shape[2], 5))
            shares = rng.exponential(size=rows.shape)
            shares /= shares.sum(axis=-1, keepdims=True)
            picked = np.take_along_axis(np.swapaxes(hidden, 1, 2), rows, axis=2)
            bias[...] = -(picked * shares).sum(axis=-1)[:, None, :]
            hidden = hidden + bias
            if layer < shape.depth:
                values[f"strength {layer}"][...] = 1.0
                hidden = self._activation(hidden)[0]

    def outputs(self, X: Array, codes: Codes) -> Array:
        """Return logits or values, shape (k, n, o), of rows as in `initialise`."""
        values = self.parameters.values
        hidden = self._inputs(X, codes, None)
        hidden *= values["scale"]
        for layer in range(self.shape.depth + 1):
            weight = values[f"weight {layer}"]
            hidden = hidden @ (weight * np.float32(1 / math.sqrt(weight.shape[1])))
            hidden += values[f"bias {layer}"]
            if layer < self.shape.depth:
                bent = self._activation(hidden)[0]
                bent -= hidden
                bent *= values[f"strength {layer}"]
                hidden += bent
        return hidden

    def forward(
        self, X: Array, codes: Codes, dropout: float, rng: np.random.Generator
    ) -> tuple[Array, _Tape]:
        """Return the outputs of rows in training, and what `backward` needs.

        ``dropout`` is the share of hidden units silenced; it is rounded to a 256th.
        """
        values, tape = self.parameters.values, _Tape()
        silent = round(dropout * _BYTE)
        tape.before_scale = self._inputs(X, codes, tape)
        hidden = tape.before_scale * values["scale"]
        for layer in range(self.shape.depth + 1):
            weight = values[f"weight {layer}"]
            weight = weight * np.float32(1 / math.sqrt(weight.shape[1]))
            linear = np.asarray(hidden @ weight, dtype=np.float32)
            linear += values[f"bias {layer}"]
            if layer == self.shape.depth:
                tape.layers.append((hidden, weight, None, None, None))
                return linear, tape
            strength = values[f"strength {layer}"]
            bend, slope = self._activation(linear)
            bend -= linear
            slope -= 1
            slope *= strength
            slope += 1
            after = bend * strength
            after += linear
            factors = None
            if silent:
                drawn = np.frombuffer(rng.bytes(after.size), dtype=np.uint8)
                kept = (drawn >= silent).reshape(after.shape)
                factors = kept * np.float32(_BYTE / (_BYTE - silent))
                after *= factors
            tape.layers.append((hidden, weight, bend, slope, factors))
            hidden = after
        raise AssertionError("the last layer has returned")

    def backward(self, tape: _Tape, codes: Codes, delta: Array) -> None:
        """Write the gradient into the parameters.

        Parameters
        ----------
        tape : _Tape
            What `forward` returned.
        codes : array, shape (k, n, c)
            As given to it.
        delta : array, shape (k, n, o)
            Gradient of the loss by the outputs. It is changed.
        """
        gradients = self.parameters.gradients
        for layer in range(self.shape.depth, -1, -1):
            hidden, weight, bend, slope, factors = tape.layers[layer]
            if bend is not None and slope is not None:
                if factors is not None:
                    delta *= factors
                np.sum(delta * bend, axis=1, keepdims=True, out=gradients[f"strength {layer}"])
                delta *= slope
            np.sum(delta, axis=1, keepdims=True, out=gradients[f"bias {layer}"])
            own = gradients[f"weight {layer}"]
            np.matmul(np.swapaxes(hidden, 1, 2), delta, out=own)
            own *= np.float32(1 / math.sqrt(own.shape[1]))
            delta = delta @ np.swapaxes(weight, 1, 2)
        assert tape.before_scale is not None
        np.sum(delta * tape.before_scale, axis=1, keepdims=True, out=gradients["scale"])
        delta *= self.parameters.values["scale"]
        if tape.wave is not None:
            self._waves_backward(tape.wave, delta)
        if self.shape.levels:
            self._levels_backward(codes, delta)

    def _inputs(self, X: Array, codes: Codes, tape: _Tape | None) -> Array:
        """Return the inputs of the first layer, before their scale, shape (k, n, d)."""
        shape, values = self.shape, self.parameters.values
        k, n, e = shape.n_networks, X.shape[1], shape.n_embedded
        inputs = np.empty((k, n, shape.n_inputs), dtype=np.float32)
        if e:
            numbers = np.swapaxes(X[:, :, :e], 1, 2)[..., None]
            angle = numbers * (values["frequency"] * np.float32(2 * np.pi))
            angle += values["phase"]
            wave = np.cos(angle)
            mixed = wave @ values["mix"]
            mixed += values["shift"]
            inputs[:, :, : e * MIXED] = np.swapaxes(mixed, 1, 2).reshape(k, n, e * MIXED)
            if tape is not None:
                tape.wave = (numbers, angle, wave)
        start = e * MIXED + X.shape[2]
        inputs[:, :, e * MIXED : start] = X
        if self._first_code is not None:
            places = codes + self._first_code
            for network in range(k):
                known = values["levels"][network][places[network]]
                inputs[network, :, start:] = known.reshape(n, -1)
        return inputs

    def _waves_backward(self, wave: tuple[Array, Array, Array], delta: Array) -> None:
        gradients, e = self.parameters.gradients, self.shape.n_embedded
        numbers, angle, cosine = wave
        k, n = delta.shape[:2]
        by_mixed = np.swapaxes(delta[:, :, : e * MIXED].reshape(k, n, e, MIXED), 1, 2)
        by_mixed = np.ascontiguousarray(by_mixed)
        np.sum(by_mixed, axis=2, keepdims=True, out=gradients["shift"])
        np.matmul(np.swapaxes(cosine, 2, 3), by_mixed, out=gradients["mix"])
        by_angle = by_mixed @ np.swapaxes(self.parameters.values["mix"], 2, 3)
        by_angle *= -np.sin(angle)
        np.sum(by_angle, axis=2, keepdims=True, out=gradients["phase"])
        by_angle *= numbers
        np.sum(by_angle, axis=2, keepdims=True, out=gradients["frequency"])
        gradients["frequency"] *= np.float32(2 * np.pi)

    def _levels_backward(self, codes: Codes, delta: Array) -> None:
        own = self.parameters.gradients["levels"]
        own.fill(0.0)
        assert self._first_code is not None
        places = codes + self._first_code
        start = self.shape.n_embedded * (MIXED + 1) + self.shape.n_plain
        k, n = delta.shape[:2]
        parts = delta[:, :, start:].reshape(k, n, len(self.shape.levels), self.shape.level_size)
        for network in range(k):
            np.add.at(own[network], places[network], parts[network])
