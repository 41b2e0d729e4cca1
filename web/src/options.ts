import { HeedError, quoted } from "./errors.ts";

type TypeName = "boolean" | "function" | "object" | "number" | "string" | "string or URL" | "any";

/**
 * Checks that `options` has no option that does not exist, and that the given ones have the right
 * type. `where` names the function in the message.
 */
export function checkOptions(
  where: string,
  options: unknown,
  types: Readonly<Record<string, TypeName>>,
): void {
  if (typeof options !== "object" || options === null) {
    throw new HeedError("invalid-argument", `${where}: the options must be an object`);
  }
  for (const [name, value] of Object.entries(options)) {
    const type = Object.hasOwn(types, name) ? types[name] : undefined;
    if (type === undefined) {
      const valid = quoted(Object.keys(types));
      throw new HeedError("unknown-option", `${where} has no option "${name}"; it has ${valid}`);
    }
    if (value === undefined || type === "any") continue;
    const fits =
      type === "string or URL"
        ? typeof value === "string" || value instanceof URL
        : typeof value === type && value !== null;
    if (!fits) {
      const article = /^[aeiou]/.test(type) ? "an" : "a";
      const got = value === null ? "null" : typeof value;
      const message = `${where}: the option "${name}" must be ${article} ${type}, not ${got}`;
      throw new HeedError("invalid-argument", message);
    }
  }
}

/** Checks a list of names that an option gives. */
export function checkNames(
  where: string,
  option: string,
  value: unknown,
): asserts value is string[] {
  if (!Array.isArray(value) || value.some((name) => typeof name !== "string")) {
    const message = `${where}: the option "${option}" must be an array of names`;
    throw new HeedError("invalid-argument", message);
  }
}
