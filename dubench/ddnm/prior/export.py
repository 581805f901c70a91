"""The prior's network as ONNX, for OpenCV's dnn.

This file imports torch when it is imported.
"""

import warnings
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from torch import Tensor, nn

from dubench.ddnm.prior.folder import ONNX
from dubench.ddnm.prior.network import Denoiser
from generators.errors import InputError
from generators.files import write_whole


class _Core(nn.Module):
    """What lies between `preconditioning.features` and `preconditioning.estimate`."""

    def __init__(self, network: Denoiser) -> None:
        super().__init__()
        self.network = network

    def forward(self, features: Tensor) -> Tensor:
        return self.network.unet(features)


def export(network: Denoiser, folder: Path) -> None:
    """Write `network` to the file ONNX in `folder`: weights in half precision, cast back where
    they are read.

    Raises:
        InputError: the package onnx is missing.
    """
    try:
        import onnx
        from onnx import TensorProto, helper, numpy_helper
    except ImportError:
        raise InputError(
            'writing ONNX needs the package onnx, which is missing: pip install "dubench[train]"'
        ) from None
    core = _Core(network.cpu().float().eval())
    names = ["features"], ["residual"]
    sizes = {0: "batch", 2: "height", 3: "width"}
    side = 2 * network.shape.multiple
    with TemporaryDirectory() as scratch, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the newer exporter writes what OpenCV 4 cannot read
        torch.onnx.export(
            core,
            (torch.zeros(1, network.head.in_channels, side, side),),
            Path(scratch) / ONNX,
            dynamo=False,
            input_names=names[0],
            output_names=names[1],
            dynamic_axes={names[0][0]: sizes, names[1][0]: sizes},
        )
        model = onnx.load(Path(scratch) / ONNX)
    graph, casts = model.graph, []
    for weight in list(graph.initializer):
        half = numpy_helper.from_array(
            numpy_helper.to_array(weight).astype("float16"), f"{weight.name}.half"
        )
        graph.initializer.remove(weight)
        graph.initializer.append(half)
        casts.append(helper.make_node("Cast", [half.name], [weight.name], to=TensorProto.FLOAT))
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
    onnx.checker.check_model(model)
    write_whole(folder / ONNX, model.SerializeToString())
