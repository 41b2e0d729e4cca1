// The engine that is carried inside the JavaScript.

import { streams } from "heed/embedded";
import { engineOf } from "./unpack.ts";

// Marked pure, as elsewhere: a bundle that does not load models leaves the engine out.
export const embeddedEngine = /* @__PURE__ */ engineOf(streams);
