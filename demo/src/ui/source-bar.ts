import { firstImage, openImage } from "../app/open-image";
import { kSamples, type Sample } from "../app/samples";
import type { Picture, Session } from "../app/session";
import { takePhoto } from "./camera";
import { h, icon } from "./dom";

const kIcons = {
  file: "M2.5 12.5v-9h4l1.5 2h5.5v7zM8 8v3M6.5 9.5 8 8l1.5 1.5",
  camera: "M2.5 4.5h2.5l1-1.5h4l1 1.5h2.5v8h-11zM8 6.2a2.2 2.2 0 1 0 0 4.4 2.2 2.2 0 0 0 0-4.4z",
  paste: "M5.5 3.5h-2v10h9v-10h-2M5.5 2.5h5v2.5h-5z",
};

async function fetchSample({ url, title }: Sample): Promise<Picture> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${title}: HTTP status ${response.status}`);
  return openImage(await response.blob(), title);
}

export const openSample = (session: Session, sample: Sample): Promise<void> =>
  session.open(fetchSample(sample));

const kNothingToPaste = "There is no image on the clipboard";

async function clipboardImage(): Promise<Picture> {
  let items: ClipboardItems;
  try {
    items = await navigator.clipboard.read();
  } catch (cause) {
    const message =
      "The browser did not allow reading the clipboard; press Ctrl+V or Cmd+V instead";
    throw new Error(message, { cause });
  }
  for (const item of items) {
    const type = item.types.find((name) => name.startsWith("image/"));
    if (type) return openImage(await item.getType(type), "Pasted image");
  }
  throw new Error(kNothingToPaste);
}

async function photograph(): Promise<Picture | undefined> {
  const photo = await takePhoto();
  return photo && openImage(photo, "Photograph");
}

function listen(session: Session): void {
  let depth = 0;
  const mark = (change: number): void => {
    depth = change === 0 ? 0 : depth + change;
    document.body.classList.toggle("dropping", depth > 0);
  };
  document.addEventListener("dragenter", () => mark(1));
  document.addEventListener("dragleave", () => mark(-1));
  document.addEventListener("dragover", (event) => event.preventDefault());
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    mark(0);
    const [any] = event.dataTransfer?.files ?? [];
    const file = firstImage(event.dataTransfer?.files) ?? any;
    if (file) void session.open(openImage(file, file.name));
  });
  document.addEventListener("paste", (event) => {
    const file = firstImage(event.clipboardData?.files);
    const picture = file
      ? openImage(file, "Pasted image")
      : Promise.reject(new Error(kNothingToPaste));
    void session.open(picture);
  });
}

/** Where pictures come from: a file, the camera, the clipboard, or a sample. */
export function sourceBar(session: Session): HTMLElement {
  const input = h("input", { type: "file", accept: "image/*", hidden: true, id: "file" });
  input.addEventListener("change", () => {
    const file = input.files?.[0];
    if (file) void session.open(openImage(file, file.name));
    input.value = "";
  });
  const button = (label: string, path: string, act: () => void, kind = ""): HTMLElement =>
    h("button", { type: "button", class: kind, on: { click: act } }, icon(path), label);
  const samples = kSamples.map((sample) =>
    h(
      "button",
      {
        type: "button",
        class: "sample",
        title: `Read the sample: ${sample.title}`,
        data: { sample: sample.id },
        on: { click: () => void openSample(session, sample) },
      },
      h("img", { src: sample.url, alt: "", loading: "lazy" }),
      h("span", null, sample.title),
    ),
  );
  listen(session);
  const hint = h("p", { class: "hint" }, "Drop an image anywhere, or take a sample:");
  const refusal = h("p", { class: "refusal", aria: { role: "alert" } });
  session.refusal.watch((message) => {
    refusal.textContent = message;
  });
  const bar = h(
    "section",
    { class: "sources", aria: { label: "Choose a picture" } },
    h(
      "div",
      { class: "buttons" },
      button("Choose image", kIcons.file, () => input.click(), "primary"),
      button("Camera", kIcons.camera, () => void session.open(photograph())),
      button("Paste", kIcons.paste, () => void session.open(clipboardImage())),
      input,
    ),
    refusal,
    h(
      "div",
      { class: "samples", aria: { role: "group", label: "Sample images" } },
      hint,
      ...samples,
    ),
  );
  session.picture.watch((picture) => bar.classList.toggle("compact", !!picture));
  session.picture.watch((picture) => {
    for (const sample of samples) {
      const chosen =
        kSamples.find(({ id }) => id === sample.dataset.sample)?.title === picture?.name;
      sample.setAttribute("aria-pressed", String(!!picture && chosen));
    }
  });
  return bar;
}
