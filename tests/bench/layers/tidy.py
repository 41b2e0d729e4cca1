"""Makes an exported graph small, and nothing else: no operator is fused, none that sees data is taken away."""

import numpy as np
import onnx
import onnxruntime
from onnx import numpy_helper

# More elements than this are never folded, nor stored: made by the counter hash, or packed in the metadata.
STORED = 64


def tidy(model, feeds, dynamic):
    """Folds what is known from the shapes, names tensors by operator and number, drops what is not read."""
    graph = model.graph
    rename(graph, lambda name: name.removeprefix("m."), {tensor.name for tensor in graph.initializer})
    weights = {tensor.name for tensor in graph.initializer}
    constants_to_initializers(graph)
    fold(model, feeds, weights, dynamic)
    drop_unread(graph)
    assert not any(attribute.HasField("g") for node in graph.node for attribute in node.attribute), "a subgraph"
    merge_equal(graph, weights)
    short_names(graph, weights)
    graph.ClearField("value_info")
    for node in graph.node:
        node.ClearField("doc_string")
        node.ClearField("name")


def rename(graph, new_name, names):
    for tensor in graph.initializer:
        if tensor.name in names:
            tensor.name = new_name(tensor.name)
    for node in graph.node:
        for fields in (node.input, node.output):
            fields[:] = [new_name(name) if name in names else name for name in fields]


def constants_to_initializers(graph):
    for node in [node for node in graph.node if node.op_type == "Constant"]:
        tensor = graph.initializer.add()
        tensor.CopyFrom(node.attribute[0].t)
        tensor.name = node.output[0]
        graph.node.remove(node)


def fold(model, feeds, weights, dynamic):
    """Small tensors that follow from constants, and from the shapes where these are fixed, become constants."""
    graph = model.graph
    known = {tensor.name for tensor in graph.initializer} - weights
    computed = []
    for node in graph.node:
        from_shape = node.op_type == "Shape" and not dynamic
        if from_shape or all(name in known for name in node.input if name):
            known.update(node.output)
            computed += node.output
    outputs = {output.name for output in graph.output}
    values = evaluate(model, feeds, computed)
    for name, value in values.items():
        if value.size <= STORED and name not in outputs:
            graph.initializer.append(numpy_helper.from_array(np.asarray(value), name))
        else:
            known.discard(name)
    folded = known & set(values)
    for node in [node for node in graph.node if any(name in folded for name in node.output)]:
        graph.node.remove(node)


def evaluate(model, feeds, names):
    """name -> value of inner tensors, as the file computes them."""
    if not names:
        return {}
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    del copy.graph.output[:]
    copy.graph.output.extend(onnx.ValueInfoProto(name=name) for name in names)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(copy.SerializeToString(), options)
    given = {node.name for node in session.get_inputs()}
    results = session.run(names, {name: value.numpy() for name, value in feeds.items() if name in given})
    return dict(zip(names, results))


def drop_unread(graph):
    read = {output.name for output in graph.output}
    for node in reversed(list(graph.node)):
        if any(name in read for name in node.output):
            read.update(node.input)
        else:
            graph.node.remove(node)
    for tensor in [tensor for tensor in graph.initializer if tensor.name not in read]:
        graph.initializer.remove(tensor)


def merge_equal(graph, weights):
    seen, same = {}, {}
    for tensor in list(graph.initializer):
        if tensor.name in weights:
            continue
        key = (tensor.data_type, tuple(tensor.dims), numpy_helper.to_array(tensor).tobytes())
        if key in seen:
            same[tensor.name] = seen[key]
            graph.initializer.remove(tensor)
        else:
            seen[key] = tensor.name
    rename(graph, same.get, set(same))


def short_names(graph, weights):
    names = {}
    for i, tensor in enumerate(tensor for tensor in graph.initializer if tensor.name not in weights):
        names[tensor.name] = f"constant_{i}"
    kept = {value.name for value in (*graph.input, *graph.output)}
    for i, node in enumerate(graph.node):
        for name in node.output:
            if name and name not in kept:
                names[name] = f"{node.op_type}_{i}" + ("" if name == node.output[0] else f"_{len(names)}")
    rename(graph, names.get, set(names))
