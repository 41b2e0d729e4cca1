/**
 * Text without what the recogniser is known to get wrong even on clear lines: spaces between words,
 * and whether a comma or colon is Chinese (full width) or not. Nothing else is forgiven.
 */
export const fold = (text) => text.normalize("NFKC").replace(/\s+/g, "");
