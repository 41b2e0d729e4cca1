// The engine with the catalogue of layers.

import { streamsBase64Gzip } from "heed/embedded-layers";
import { engineOf } from "../engine/unpack.ts";

export const embeddedLayers = /* @__PURE__ */ engineOf(streamsBase64Gzip);
