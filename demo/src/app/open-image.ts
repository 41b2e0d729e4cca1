import type { Picture } from "./session";

/** Browsers refuse canvases much larger than this; larger pictures are scaled down on opening. */
const kMaxSide = 32_000;
const kMaxArea = 24_000_000;

/** Decodes an image file to pixels on white, upright as its EXIF orientation says. */
export async function openImage(blob: Blob, name: string): Promise<Picture> {
  let bitmap: ImageBitmap;
  try {
    bitmap = await createImageBitmap(blob, { imageOrientation: "from-image" });
  } catch (cause) {
    throw new Error(`${name} is not an image that this browser can decode`, { cause });
  }
  const scale = Math.min(
    1,
    kMaxSide / Math.max(bitmap.width, bitmap.height),
    Math.sqrt(kMaxArea / (bitmap.width * bitmap.height)),
  );
  const width = Math.max(Math.round(bitmap.width * scale), 1);
  const height = Math.max(Math.round(bitmap.height * scale), 1);
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (!context) throw new Error("this browser has no canvas");
  context.fillStyle = "#fff";
  context.fillRect(0, 0, width, height);
  context.drawImage(bitmap, 0, 0, width, height);
  bitmap.close();
  return { name, pixels: context.getImageData(0, 0, width, height) };
}

/** The first image among files that were dropped or pasted. */
export const firstImage = (files: Iterable<File> | undefined | null): File | undefined =>
  [...(files ?? [])].find((file) => file.type.startsWith("image/"));
