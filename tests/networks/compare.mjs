// Comparing heed's tensors with the oracle's.

/** The tolerance for every tensor: of its largest magnitude. */
export const kTolerance = 1e-4;

/** max |a - b| / max |b|; infinite where one of them is not a number, or sizes differ. */
export function relativeError(a, b) {
  if (a.length !== b.length) return Infinity;
  let largest = 0;
  let worst = 0;
  for (let i = 0; i < b.length; i++) {
    const difference = Math.abs(Number(a[i]) - Number(b[i]));
    if (!(difference <= worst)) worst = Number.isNaN(difference) ? Infinity : difference;
    largest = Math.max(largest, Math.abs(Number(b[i])));
  }
  return largest > 0 ? worst / largest : worst;
}

/**
 * What is wrong with `actual`, tensor by tensor: a list of sentences, empty when all agree.
 * @param actual { name: Tensor }
 * @param expected Map(name -> { data, shape })
 */
export function disagreements(actual, expected, tolerance = kTolerance) {
  return Object.entries(actual).flatMap(([name, { data, shape }]) => {
    const wanted = expected.get(name);
    if (wanted === undefined) return [`${name}: the oracle has no such tensor`];
    if (shape.join() !== wanted.shape.join()) {
      return [`${name}: shape ${shape.join("x")}, the oracle's is ${wanted.shape.join("x")}`];
    }
    const error = relativeError(data, wanted.data);
    return error <= tolerance
      ? []
      : [`${name} (${shape.join("x")}): off by ${error.toExponential(2)} of its largest`];
  });
}

/** Whether two results have the same bits: { name: Tensor } each. */
export function sameBits(a, b) {
  const bytes = ({ data }) => Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  const names = Object.keys(a);
  return (
    names.length === Object.keys(b).length &&
    names.every((name) => bytes(a[name]).equals(bytes(b[name])))
  );
}
