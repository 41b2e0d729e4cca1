"""Writes models/*.onnx: the modules that the layer benchmark compares heed with, exported by PyTorch (see README.md).

Their weights are not in them: tests/support/counter-hash.ts makes them again by the rules in the files' metadata.
"""

import base64
import io
import json
import sys
import warnings
import zlib
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import helper, numpy_helper
from torch import nn

HERE = Path(__file__).parent
sys.path.append(str(HERE.parents[1] / "fixtures/attention"))

from cases import cases  # noqa: E402
from fixture import randomize, signal  # noqa: E402
from tidy import STORED, tidy  # noqa: E402

OPSET = 20


class Exported(nn.Module):
    """What is exported: the outputs alone, in order; the module's weights are under "m."."""

    def __init__(self, module, run):
        super().__init__()
        self.m, self.run = module, run

    def forward(self, *inputs):
        result = self.run(self.m, *inputs) if self.run else self.m(*inputs)
        outputs = result[0] if isinstance(result, tuple) else result
        return tuple(outputs.values()) if isinstance(outputs, dict) else outputs


def shape_at(shape, size, batch=1):
    extents = [size.get(axis, axis) for axis in shape]
    return [batch * extents[0], *extents[1:]]


def inputs_at(case, seed, size, batch=1):
    return [signal(f"{seed}.inputs.{name}", shape_at(shape, size, batch), case.scale)
            for name, shape in case.inputs.items()]


def output_names(result, case):
    if isinstance(result, tuple) and len(result) > 1:
        return ["theta" if "Hard" in case.mechanism else "output", "crops"]
    return ["output"]


def export(case, module, inputs, axes):
    """The file's model with the initializers named as in the state dict."""
    if case.operator:
        return operator(case)
    with torch.no_grad():
        names = output_names(module(*inputs), case)
    buffer = io.BytesIO()
    torch.onnx.export(
        module, tuple(inputs), buffer, dynamo=False, opset_version=OPSET, do_constant_folding=False,
        training=torch.onnx.TrainingMode.PRESERVE,  # Else batch norms go into the convolutions' weights.
        input_names=list(case.inputs), output_names=names, dynamic_axes=axes)
    model = onnx.load_from_string(buffer.getvalue())
    model.graph.name = case.name
    tidy(model, dict(zip(case.inputs, inputs)), dynamic=bool(axes))
    return model


def operator(case):
    value = lambda name, shape: helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape)
    inputs = [value(name, shape) for name, shape in case.inputs.items()]
    node = helper.make_node(case.operator, list(case.inputs), ["output"])
    graph = helper.make_graph([node], case.name, inputs, [value("output", case.inputs["q"])])
    return helper.make_model(graph, ir_version=11, opset_imports=[helper.make_operatorsetid("", 23)])


def check(case, module, model, seed, size, batch=1):
    """ONNX Runtime computes what PyTorch does."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(model.SerializeToString(), options)
    inputs = inputs_at(case, seed, size, batch)
    with torch.no_grad():
        expected = module(*inputs)
    expected = expected if isinstance(expected, tuple) else (expected,)
    given = [node.name for node in session.get_inputs()]
    results = session.run(None, {name: value.numpy() for name, value in zip(case.inputs, inputs) if name in given})
    for want, got in zip(expected, results):
        want = want.numpy()
        worst, most = np.abs(got - want).max(), np.abs(want).max()
        assert got.shape == want.shape and worst <= 1e-4 * most + 1e-5, f"{case.name} {size}: {worst} of {most}"


def strip(model, rules):
    """Takes the weights' data out, and returns name -> packed bytes of large tensors that no rule makes."""
    packed = {}
    for tensor in model.graph.initializer:
        if tensor.name not in rules:
            if np.prod(tensor.dims) <= STORED:
                continue
            data = np.ascontiguousarray(numpy_helper.to_array(tensor)).tobytes()
            packed[tensor.name] = base64.b64encode(zlib.compress(data, 9)).decode()
        for part in ("raw_data", "float_data", "int64_data", "int32_data"):
            tensor.ClearField(part)
    return packed


def short(value):
    """The fewest digits that give the same float32."""
    return float(str(np.float32(value)))


def write(case, model, seed, rules, sizes, file):
    """Writes the file; returns its size and the names of weights that the graph does not read."""
    read = {tensor.name for tensor in model.graph.initializer}
    about = {
        "place": case.place, "mechanism": case.mechanism, "dialect": case.dialect, "source": case.source, "options": case.options,
        "seed": seed,
        "weights": {name: [rule["shape"], short(rule["scale"]), short(rule["offset"])]
                    for name, rule in rules.items()},
        "inputs": {name: list(shape) for name, shape in case.inputs.items()},
        "scale": short(case.scale), "sizes": sizes,
    }
    packed = strip(model, rules)
    if packed.pop("rotary", None):  # A formula, and too large to be packed.
        about["rotary"] = {"length": sizes[0]["length"], "dim": 64, "layout": case.options["rotary"],
                           "base": case.options["base"]}
    if packed:
        about["packed"] = packed
    helper.set_model_props(model, {"heed": json.dumps(about, separators=(",", ":"))})
    path = HERE / "models" / f"{file}.onnx"
    path.write_bytes(model.SerializeToString())
    return path.stat().st_size, sorted(set(rules) - read)


def make(case, seed, **size):
    module = case.make(**size) if case.make else None
    if module is None:
        return Exported(None, case.run).eval(), {}
    constants = {name: value.clone() for name, value in module.named_buffers() if is_constant(name)}
    module, rules = randomize(module, seed, case.gain)
    for name, value in constants.items():
        module.get_buffer(name).copy_(value)
    ignored = (*constants, *case.ignored)
    rules = {name.removeprefix("weights."): rule for name, rule in rules.items()}
    rules = {name: rule for name, rule in rules.items() if not name.startswith(ignored)}
    return Exported(module, case.run).eval(), rules


def is_constant(buffer):
    """An index, a mask or a table; the other buffers are batch norms' statistics."""
    return not buffer.rsplit(".", 1)[-1].startswith(("running_", "num_batches"))


def axes_of(case, batch):
    axes = {name: {i: axis for i, axis in enumerate(shape) if isinstance(axis, str)}
            for name, shape in case.inputs.items()}
    if batch:
        for shape in axes.values():
            shape[0] = "batch"
    return axes


def dynamic(case):
    """One file for all sizes, for any batch if that works. Returns lines of the table."""
    seed = f"layers/{case.name}"
    module, rules = make(case, seed)
    for batch in (True, False):
        try:
            model = export(case, module, inputs_at(case, seed, case.sizes[0], 2 if batch else 1), axes_of(case, batch))
            for size in case.sizes:
                check(case, module, model, seed, size)
            if batch:
                check(case, module, model, seed, case.sizes[0], 3)
            axes = ("batch, " if batch else "") + "size"
            return [(case.name, axes, *write(case, model, seed, rules, case.sizes, case.name))]
        except Exception as error:
            reason = str(error).strip().splitlines()[0][:160]
            print(f"  {case.name}: {'any batch' if batch else 'any size'}: {reason}")
    return None


def fixed(case):
    """A file for each size."""
    lines = []
    for size in case.sizes:
        seed = f"layers/{case.name}"
        module, rules = make(case, seed, **size) if case.per_size else make(case, seed)
        model = export(case, module, inputs_at(case, seed, size), {})
        check(case, module, model, seed, size)
        side = next(iter(size.values()))
        lines.append((case.name, f"none ({side})",
                      *write(case, model, seed, rules, [size], f"{case.name}_{side}")))
    return lines


def main():
    warnings.filterwarnings("ignore")
    torch.backends.mha.set_fastpath_enabled(False)
    wanted = sys.argv[1:]
    total = 0
    (HERE / "models").mkdir(exist_ok=True)
    for case in cases():
        if wanted and not any(name in case.name for name in wanted):
            continue
        try:
            lines = (None if case.per_size else dynamic(case)) or fixed(case)
        except Exception as error:
            print(f"{case.name}: REFUSED: {type(error).__name__} {str(error).strip()[:300]}")
            continue
        for name, axes, size, unused in lines:
            total += size
            print(f"{name}: {axes}: {size} bytes" + (f"; unused: {', '.join(unused)}" if unused else ""))
    print(f"{total} bytes")


if __name__ == "__main__":
    main()
