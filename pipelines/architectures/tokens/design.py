"""From a few numbers to the steps of a network of texts: the macro space of `textnet`."""

from dataclasses import dataclass
from typing import Literal

from espalier.pipelines.architectures.layers import Activation, Dense, Nonlinearity, Sum
from espalier.pipelines.architectures.tokens.layers import (
    Join,
    Pairs,
    Pool,
    Pooling,
    Recurrence,
    TextNetwork,
    TextStep,
    TokenNorm,
    Window,
)

TextBlock = Literal["ngrams", "convolution", "recurrent"]
TEXT_BLOCKS: tuple[TextBlock, ...] = ("ngrams", "convolution", "recurrent")
Vectors = Literal["frozen", "tuned", "own"]
VECTORS: tuple[Vectors, ...] = ("tuned", "frozen", "own")


@dataclass(frozen=True, slots=True, kw_only=True)
class TextDesign:
    """A network of texts in a few numbers.

    Attributes
    ----------
    block : str
        ``ngrams``: nothing between the vectors and their mean (Joulin et al., *Bag of tricks for
        efficient text classification*, 2017); ``convolution``: windows over neighbouring tokens
        (Kim, *Convolutional neural networks for sentence classification*, 2014); ``recurrent``:
        gated recurrent units in both directions.
    vectors : str
        Vectors of tokens: ``own`` ones that start by chance, or those of the table that Espalier
        ships, ``frozen`` as they are or ``tuned``.
    width : int
        Numbers of a token's vector.
    most_tokens : int
        Tokens of a text that count.
    pairs : int
        Vectors that pairs of neighbouring tokens share; 0 for none.
    depth, channels : int
        Layers of ``convolution`` and ``recurrent``, and what each makes of a token.
    kernel, windows : int
        Tokens that the narrowest window sees, and windows beside each other, each a token wider.
    skip : bool
        Whether the layers after the first add their input to their output.
    pooling : str
        How tokens become one vector.
    direct : bool
        Whether the mean of the tokens' vectors goes past the layers to the answer.
    hidden : int
        Units of a hidden layer before the answer; 0 for none.
    activation : str
        Nonlinearity.
    """

    block: TextBlock = "convolution"
    vectors: Vectors = "tuned"
    width: int = 64
    most_tokens: int = 64
    pairs: int = 0
    depth: int = 1
    channels: int = 64
    kernel: int = 3
    windows: int = 1
    skip: bool = True
    pooling: Pooling = "max"
    direct: bool = True
    hidden: int = 0
    activation: Nonlinearity = "relu"

    def network(self, n_outputs: int, *, n_columns: int = 1) -> TextNetwork:
        """Return the network of this design.

        Parameters
        ----------
        n_outputs : int
            Classes, or 1 for a number.
        n_columns : int
            Texts of a row.
        """
        steps = _Steps(self, n_columns)
        made = {
            "ngrams": steps.ngrams,
            "convolution": steps.convolution,
            "recurrent": steps.recurrent,
        }[self.block]()
        steps.head(made, n_outputs)
        return TextNetwork(tuple(steps.made), self.width, self.most_tokens, n_columns)


class _Steps:
    """Steps as they are put one after the other; a pooled value goes with its channels."""

    def __init__(self, design: TextDesign, n_columns: int) -> None:
        self.made: list[TextStep] = []
        self._design, self._n_columns = design, n_columns

    def add(self, step: TextStep) -> int:
        """Add a step; return the number of the value that it makes."""
        self.made.append(step)
        return len(self.made)

    def pool(self, source: int, channels: int, kind: Pooling | None = None) -> tuple[int, int]:
        heads = 4 if channels % 4 == 0 else 1
        kind = kind or self._design.pooling
        return self.add(Pool(source, channels, kind, self._n_columns, heads)), channels

    def ngrams(self) -> list[tuple[int, int]]:
        """Add the mean of the vectors, of pairs too; return the pooled values."""
        design = self._design
        at = self.add(Pairs(0, design.width, design.pairs)) if design.pairs else 0
        return [self.pool(at, design.width)]

    def convolution(self) -> list[tuple[int, int]]:
        """Add windows beside each other, each with layers of its own."""
        design = self._design
        found = []
        for kernel in range(design.kernel, design.kernel + design.windows):
            at, inputs = 0, design.width
            for layer in range(design.depth):
                made = self.add(Window(at, inputs, design.channels, kernel))
                made = self.add(TokenNorm(made, design.channels))
                if layer and design.skip:
                    made = self.add(Sum(made, at))
                at, inputs = self.add(Activation(made, design.activation)), design.channels
            found.append(self.pool(at, design.channels))
        return found + self._direct()

    def recurrent(self) -> list[tuple[int, int]]:
        """Add recurrent layers."""
        design = self._design
        at, inputs = 0, design.width
        for layer in range(design.depth):
            made = self.add(Recurrence(at, inputs, design.channels))
            if layer and design.skip:
                made = self.add(Sum(made, at))
            at, inputs = made, 2 * design.channels
        return [self.pool(at, inputs), *self._direct()]

    def head(self, pooled: list[tuple[int, int]], n_outputs: int) -> None:
        """Add the dense layers."""
        design = self._design
        at = pooled[0][0]
        if len(pooled) > 1:
            at = self.add(Join(tuple(value for value, _ in pooled)))
        units = self._n_columns * sum(channels for _, channels in pooled)
        if design.hidden:
            at = self.add(Dense(at, units, design.hidden))
            at, units = self.add(Activation(at, design.activation)), design.hidden
        self.add(Dense(at, units, n_outputs))

    def _direct(self) -> list[tuple[int, int]]:
        return [self.pool(0, self._design.width, "mean")] if self._design.direct else []
