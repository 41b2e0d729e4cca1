// ONNX files as JavaScript sees them: enough of the format to read a graph, to ask for inner tensors as outputs, and to write
// small models. A protobuf message is a list of fields { number, type, value }: type 0 is a varint, 2 is bytes, 5 four bytes.

const text = new TextEncoder();
const decoder = new TextDecoder();

/** The fields of a message. Nothing is checked: the files are ours. */
function fieldsOf(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const fields = [];
  let at = 0;
  const varint = () => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++];
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return BigInt.asIntN(64, value);
    }
  };
  while (at < bytes.length) {
    const key = Number(varint());
    const [number, type] = [key >> 3, key & 7];
    if (type === 0) {
      fields.push({ number, type, value: Number(varint()) });
    } else if (type === 2) {
      const length = Number(varint());
      fields.push({ number, type, value: bytes.subarray(at, at + length) });
      at += length;
    } else {
      const size = type === 1 ? 8 : 4;
      fields.push({ number, type, value: type === 5 ? view.getFloat32(at, true) : undefined });
      at += size;
    }
  }
  return fields;
}

const all = (fields, number) =>
  fields.filter((field) => field.number === number).map(({ value }) => value);
const first = (fields, number) => fields.find((field) => field.number === number)?.value;
const texts = (fields, number) => all(fields, number).map((value) => decoder.decode(value));

/** Repeated integers, packed or not. */
function integers(fields, number) {
  return fields
    .filter((field) => field.number === number)
    .flatMap(({ type, value }) => (type === 2 ? packedVarints(value) : [value]));
}

function packedVarints(bytes) {
  const values = [];
  for (let at = 0; at < bytes.length; ) {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++];
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) break;
    }
    values.push(Number(BigInt.asIntN(64, value)));
  }
  return values;
}

function readNode(bytes) {
  const fields = fieldsOf(bytes);
  const attributes = {};
  for (const attribute of all(fields, 5).map(fieldsOf)) {
    const name = texts(attribute, 1)[0];
    const type = first(attribute, 20);
    if (type === 1) attributes[name] = first(attribute, 2);
    else if (type === 2) attributes[name] = first(attribute, 3) ?? 0;
    else if (type === 3) attributes[name] = texts(attribute, 4)[0];
    else if (type === 7) attributes[name] = integers(attribute, 8);
  }
  return {
    operator: texts(fields, 4)[0],
    inputs: texts(fields, 1),
    outputs: texts(fields, 2),
    attributes,
  };
}

/** The graph of a file: { nodes, initializers: Map(name -> shape), outputs }. */
export function readGraph(file) {
  const graph = fieldsOf(first(fieldsOf(file), 7));
  return {
    nodes: all(graph, 1).map(readNode),
    initializers: new Map(
      all(graph, 5).map((bytes) => {
        const tensor = fieldsOf(bytes);
        return [texts(tensor, 8)[0], integers(tensor, 1)];
      }),
    ),
    outputs: all(graph, 12).map((bytes) => texts(fieldsOf(bytes), 1)[0]),
  };
}

/** The file with every tensor that a node makes as an output. */
export function withAllOutputs(file) {
  const { nodes, outputs } = readGraph(file);
  const added = nodes
    .flatMap((node) => node.outputs)
    .filter((name) => name && !outputs.includes(name));
  return message(
    fieldsOf(file).map((field) =>
      field.number !== 7
        ? field
        : bytesField(7, field.value, ...added.map((name) => message([textField(12, 1, name)]))),
    ),
  );
}

/** The file's own remarks: { key: text }. */
export function propertiesOf(file) {
  const entries = all(fieldsOf(file), 14).map(fieldsOf);
  return Object.fromEntries(entries.map((entry) => [texts(entry, 1)[0], texts(entry, 2)[0] ?? ""]));
}

/** The file with data in its initializers: `dataOf(name)` gives a typed array, or undefined where there is some already. */
export function withData(file, dataOf) {
  const filled = (tensor) => {
    const fields = fieldsOf(tensor);
    const data = dataOf(texts(fields, 8)[0]);
    if (data === undefined) return tensor;
    return message([...fields, bytesField(9, bytesOf(data))]);
  };
  return inGraph(file, (field) =>
    field.number === 5 ? bytesField(5, filled(field.value)) : field,
  );
}

/** The file with every field of its graph replaced. */
function inGraph(file, replace) {
  const replaced = (graph) => message(fieldsOf(graph).map(replace));
  return message(
    fieldsOf(file).map((field) =>
      field.number === 7 ? bytesField(7, replaced(field.value)) : field,
    ),
  );
}

const bytesOf = (data) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

/** ONNX's element types by heed's names. */
const kTypes = { float32: 1, uint8: 2, int8: 3, int32: 6, int64: 7, bool: 9, float16: 10 };

/**
 * Writes a model of one operator set.
 * inputs, outputs: { name: shape }, float32, or { name: { dtype, shape } }; an axis is a number or a name;
 * weights: { name: { shape, data } }, Float32Array or BigInt64Array, or { shape, location }: float32 in another file;
 * nodes: { operator, inputs, outputs, attributes? } with numbers (integers), arrays of them, or texts as attributes.
 */
export function writeModel({ inputs, outputs, weights = {}, nodes, opset = 17 }) {
  const graph = message([
    ...nodes.map((node) => bytesField(1, writeNode(node))),
    stringField(2, "bench"),
    ...Object.entries(weights).map(([name, weight]) => bytesField(5, writeTensor(name, weight))),
    ...Object.entries(inputs).map(([name, shape]) => bytesField(11, writeValue(name, shape))),
    ...Object.entries(outputs).map(([name, shape]) => bytesField(12, writeValue(name, shape))),
  ]);
  const operatorSet = message([integerField(2, opset)]);
  return message([integerField(1, 8), bytesField(7, graph), bytesField(8, operatorSet)]);
}

function writeNode({ operator, inputs, outputs, attributes = {} }) {
  return message([
    ...inputs.map((name) => stringField(1, name)),
    ...outputs.map((name) => stringField(2, name)),
    stringField(4, operator),
    ...Object.entries(attributes).map(([name, value]) =>
      bytesField(5, writeAttribute(name, value)),
    ),
  ]);
}

function writeAttribute(name, value) {
  const fields = [stringField(1, name)];
  if (Array.isArray(value)) {
    fields.push(...value.map((item) => integerField(8, item)), integerField(20, 7));
  } else if (typeof value === "string") {
    fields.push(stringField(4, value), integerField(20, 3));
  } else {
    fields.push(integerField(3, value), integerField(20, 2));
  }
  return message(fields);
}

function writeTensor(name, { shape, data, location }) {
  if (location !== undefined) {
    const entry = message([stringField(1, "location"), stringField(2, location)]);
    return message([
      ...shape.map((extent) => integerField(1, extent)),
      integerField(2, kTypes.float32),
      stringField(8, name),
      bytesField(13, entry),
      integerField(14, 1),
    ]);
  }
  const type = data instanceof BigInt64Array ? kTypes.int64 : kTypes.float32;
  return message([
    ...shape.map((extent) => integerField(1, extent)),
    integerField(2, type),
    stringField(8, name),
    bytesField(9, bytesOf(data)),
  ]);
}

function writeValue(name, declared) {
  const { dtype, shape } = Array.isArray(declared)
    ? { dtype: "float32", shape: declared }
    : declared;
  const extents = shape.map((extent) =>
    bytesField(
      1,
      message([typeof extent === "string" ? stringField(2, extent) : integerField(1, extent)]),
    ),
  );
  const tensor = message([integerField(1, kTypes[dtype]), bytesField(2, message(extents))]);
  return message([stringField(1, name), bytesField(2, message([bytesField(1, tensor)]))]);
}

const integerField = (number, value) => ({ number, type: 0, value });
const stringField = (number, value) => bytesField(number, text.encode(value));
const bytesField = (number, ...parts) => ({ number, type: 2, value: concat(parts) });
/** A field that is a message with one text in it. */
const textField = (number, inner, value) =>
  bytesField(number, message([stringField(inner, value)]));

function message(fields) {
  const parts = [];
  for (const { number, type, value } of fields) {
    parts.push(varint(number * 8 + type));
    if (type === 0) parts.push(varint(value));
    else parts.push(varint(value.length), value);
  }
  return concat(parts);
}

function varint(value) {
  const bytes = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) + 128);
  bytes.push(Number(rest));
  return Uint8Array.from(bytes);
}

function concat(parts) {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
