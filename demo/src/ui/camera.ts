import { h } from "./dom";

/** A phone's own camera, where the page may not have a live picture. */
function takeWithInput(): Promise<Blob | undefined> {
  const input = h("input", { type: "file", accept: "image/*" });
  input.setAttribute("capture", "environment");
  return new Promise((resolve) => {
    input.addEventListener("change", () => resolve(input.files?.[0]));
    input.addEventListener("cancel", () => resolve(undefined));
    input.click();
  });
}

async function grab(video: HTMLVideoElement): Promise<Blob> {
  const canvas = new OffscreenCanvas(video.videoWidth, video.videoHeight);
  canvas.getContext("2d")?.drawImage(video, 0, 0);
  return canvas.convertToBlob({ type: "image/png" });
}

/** Shows the camera in a dialog; gives the photograph, or nothing if it was cancelled. */
export async function takePhoto(): Promise<Blob | undefined> {
  const video = { facingMode: "environment", width: { ideal: 1920 } };
  let stream: MediaStream;
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video });
  } catch {
    return takeWithInput();
  }
  const live = h("video", { autoplay: true, muted: true, playsInline: true, srcObject: stream });
  const shutter = h(
    "button",
    { type: "button", class: "primary", disabled: true },
    "Take photograph",
  );
  const cancel = h("button", { type: "button" }, "Cancel");
  const dialog = h(
    "dialog",
    { class: "camera", aria: { label: "Camera" } },
    live,
    h("div", { class: "buttons" }, shutter, cancel),
  );
  live.addEventListener("loadeddata", () => {
    shutter.disabled = false;
    shutter.focus();
  });
  document.body.append(dialog);
  dialog.showModal();
  try {
    return await new Promise<Blob | undefined>((resolve) => {
      shutter.addEventListener("click", () => resolve(grab(live)));
      cancel.addEventListener("click", () => resolve(undefined));
      dialog.addEventListener("close", () => resolve(undefined));
    });
  } finally {
    for (const track of stream.getTracks()) track.stop();
    dialog.remove();
  }
}
