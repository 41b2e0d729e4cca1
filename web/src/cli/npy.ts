// NumPy's file format: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html

import { type DType, makeArray, Tensor } from "../tensor.ts";

/** NumPy's names of the types, without the byte order. */
const kTypes: Readonly<Record<string, DType>> = {
  f4: "float32",
  f2: "float16",
  i8: "int64",
  i4: "int32",
  u1: "uint8",
  i1: "int8",
  b1: "bool",
};

/** Reads an array; NumPy's default type, float64, becomes float32. */
export function readNpy(bytes: Uint8Array): Tensor {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (String.fromCharCode(...bytes.subarray(0, 6)) !== "\x93NUMPY") {
    throw new Error("it is not a NumPy file");
  }
  const long = bytes[6]! > 1;
  const start = long ? 12 : 10;
  const end = start + (long ? view.getUint32(8, true) : view.getUint16(8, true));
  const header = new TextDecoder("latin1").decode(bytes.subarray(start, end));
  const descr = /'descr':\s*'([<>|=])(\w+)'/.exec(header);
  const shapeText = /'shape':\s*\(([^)]*)\)/.exec(header)?.[1];
  if (!descr || shapeText === undefined) {
    throw new Error("its header does not name a plain type and a shape");
  }
  if (/'fortran_order':\s*True/.test(header)) {
    throw new Error("it is in Fortran order: save numpy.ascontiguousarray(array)");
  }
  const [, order, type = ""] = descr;
  if (order === ">" && !type.endsWith("1")) throw new Error("it is big-endian");
  const shape = shapeText
    .split(",")
    .filter((extent) => extent.trim() !== "")
    .map(Number);
  // Not bytes.slice(), which of a Buffer is no copy.
  const buffer = bytes.buffer.slice(bytes.byteOffset + end, bytes.byteOffset + bytes.length);
  if (type === "f8") {
    return new Tensor("float32", Float32Array.from(new Float64Array(buffer)), shape);
  }
  const dtype = kTypes[type];
  if (!dtype) throw new Error(`its type ${type} is none of ${Object.keys(kTypes).join(", ")}, f8`);
  return new Tensor(dtype, makeArray(dtype, buffer as ArrayBuffer), shape);
}

export function writeNpy({ dtype, data, shape }: Tensor): Uint8Array {
  const type = Object.keys(kTypes).find((name) => kTypes[name] === dtype)!;
  const order = type.endsWith("1") ? "|" : "<";
  const shapeText = shape.length === 1 ? `${shape[0]},` : shape.join(", ");
  const text = `{'descr': '${order}${type}', 'fortran_order': False, 'shape': (${shapeText}), }`;
  const length = Math.ceil((text.length + 11) / 64) * 64 - 10; // the data starts at a multiple of 64
  const header = new TextEncoder().encode(`${text.padEnd(length - 1)}\n`);
  const bytes = new Uint8Array(10 + header.length + data.byteLength);
  bytes.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, header.length & 255, header.length >> 8]);
  bytes.set(header, 10);
  bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), 10 + header.length);
  return bytes;
}
