"""What a network costs, known before it is trained."""

from dataclasses import dataclass

from espalier.pipelines.architectures.layers import (
    Activation,
    Convolution,
    Dense,
    Gate,
    MeanPool,
    Network,
    Normalisation,
    Sum,
)


@dataclass(frozen=True, slots=True)
class NetworkCost:
    """Size and work of a network.

    Attributes
    ----------
    parameters : int
        Numbers that training fits.
    operations : int
        Multiplications with one addition each for one row, as papers count them: of convolutions
        and dense layers.
    cells : int
        Numbers of all maps of one row, which is what memory and quick steps take.
    depthwise : int
        Those of the operations that are of depthwise convolutions, which are slow for their
        number.
    """

    parameters: int
    operations: int
    cells: int
    depthwise: int = 0


def network_cost(network: Network) -> NetworkCost:
    """Count a network's parameters and operations, step by step."""
    sides = [network.side]
    parameters = operations = cells = depthwise = 0
    times = network.n_pictures
    for step in network.steps:
        side = sides[step.source]
        if isinstance(step, Convolution):
            side = -(-side // step.stride)
            weights = step.outputs * step.inputs // step.groups * step.kernel**2
            parameters += weights
            operations += times * weights * side**2
            depthwise += times * weights * side**2 if step.groups > 1 else 0
            cells += times * step.outputs * side**2
        elif isinstance(step, Normalisation):
            parameters += 2 * step.channels
            cells += times * step.channels * side**2
        elif isinstance(step, Gate):
            weights = 2 * step.channels * step.inner
            parameters += weights + step.channels + step.inner
            operations += times * weights
        elif isinstance(step, Dense):
            parameters += (step.inputs + 1) * step.outputs
            operations += step.inputs * step.outputs
        else:
            assert isinstance(step, Activation | Sum | MeanPool)  # they have no weights
        sides.append(side)
    return NetworkCost(parameters, operations, cells, depthwise)
