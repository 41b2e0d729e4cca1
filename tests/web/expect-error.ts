import { HeedError, type Tensor } from "heed";
import { expect } from "vitest";

/** Expects a HeedError of that code whose message has each of the parts. */
export async function expectError(
  work: Promise<unknown> | (() => unknown),
  code: string,
  ...parts: (string | RegExp)[]
): Promise<void> {
  let thrown: unknown;
  try {
    await (typeof work === "function" ? work() : work);
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(HeedError);
  const { code: found, message } = thrown as HeedError;
  expect({ code: found, message }).toMatchObject({ code });
  for (const part of parts) expect(message).toMatch(part);
}

/** The elements of a tensor that is not of int64. */
export const numbers = ({ data }: Tensor): number[] => Array.from(data as ArrayLike<number>);
