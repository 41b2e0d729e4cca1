import type { Session } from "../app/session";

/** Said by a view that has nothing to show: what it waits for, or why nothing will come. */
export function whyNothing(session: Session): string {
  switch (session.status.value) {
    case "empty":
      return "Choose a picture first.";
    case "waiting":
    case "detecting":
    case "reading":
      return "Waiting for the picture to be read…";
    case "failed":
      return "The picture could not be read.";
    case "done":
      return "No text was found in this image.";
  }
}

export const kRunning = "Running the network…";
