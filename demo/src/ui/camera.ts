import { h } from "./dom";

/** A phone's own camera, where browsers give pages no live picture: without a secure connection. */
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

async function openCamera(): Promise<MediaStream> {
  const video = { facingMode: "environment", width: { ideal: 1920 } };
  try {
    return await navigator.mediaDevices.getUserMedia({ video });
  } catch (cause) {
    const refused = (cause as Error).name === "NotAllowedError";
    const reason = refused ? "The browser did not allow the camera" : "No camera could be opened";
    throw new Error(`${reason}; choose an image instead`, { cause });
  }
}

/** Shows the camera in a dialog; gives the photograph, or nothing if it was cancelled. */
export async function takePhoto(): Promise<Blob | undefined> {
  if (!navigator.mediaDevices) return takeWithInput();
  const stream = await openCamera();
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
    dialog.close(); // gives the focus back to the button that opened it
    dialog.remove();
  }
}
