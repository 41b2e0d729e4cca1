import mixed from "../../samples/mixed.jpg";
import page from "../../samples/page.jpg";
import receipt from "../../samples/receipt.jpg";
import streetSign from "../../samples/street-sign.jpg";
import upsideDown from "../../samples/upside-down.jpg";

export interface Sample {
  id: string;
  title: string;
  url: string;
}

/** The pictures that a visitor can start with; their text is in demo/samples/*.json. */
export const kSamples: readonly Sample[] = [
  { id: "receipt", title: "Receipt", url: receipt },
  { id: "street-sign", title: "Street sign", url: streetSign },
  { id: "page", title: "Dense page", url: page },
  { id: "mixed", title: "中文 and English", url: mixed },
  { id: "upside-down", title: "Upside down", url: upsideDown },
];
