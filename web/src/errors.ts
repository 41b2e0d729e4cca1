/** Every code that a {@link HeedError} can have; the same list as HEED_CODES in cpp/base/status.h. */
export const kErrorCodes = [
  "invalid-file",
  "unsupported-operator",
  "unsupported-opset",
  "unsupported-type",
  "invalid-graph",
  "missing-external-data",
  "unknown-name",
  "missing-input",
  "wrong-type",
  "wrong-shape",
  "wrong-value",
  "out-of-memory",
  "unknown-option",
  "invalid-argument",
  "invalid-image",
  "invalid-weights",
  "fetch-failed",
  "version-mismatch",
  "unsupported-platform",
  "aborted",
  "disposed",
  "internal",
] as const;

export type ErrorCode = (typeof kErrorCodes)[number];

/** The one error that heed throws. Its message says what was wrong, where, and what would be right. */
export class HeedError extends Error {
  override readonly name = "HeedError";
  /** What kind of failure it is, for programs. */
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}

/** The message of anything that was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** Throws `aborted` when the signal has been; its reason becomes the cause. */
export function checkAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw abortError(signal);
}

export function abortError(signal: AbortSignal): HeedError {
  return new HeedError("aborted", "the operation was aborted by its signal", {
    cause: signal.reason,
  });
}

/** Settles as `promise` does, or rejects with `aborted` as soon as the signal says so. */
export async function orAborted<T>(
  promise: Promise<T>,
  signal: AbortSignal | undefined,
): Promise<T> {
  if (!signal) return promise;
  checkAborted(signal);
  let stop = () => {};
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(abortError(signal));
    signal.addEventListener("abort", stop, { once: true });
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

/** `"a", "b" and "c"`, at most the first 20 of them; for messages that name what is possible. */
export function quoted(names: readonly string[]): string {
  const shown = names.slice(0, 20).map((name) => `"${name}"`);
  if (names.length > shown.length) return `${shown.join(", ")} and ${names.length - 20} more`;
  if (shown.length === 0) return "none";
  const last = shown.pop();
  return shown.length > 0 ? `${shown.join(", ")} and ${last}` : `${last}`;
}
