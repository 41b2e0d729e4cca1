import { Cell, watchAll } from "../app/cell";
import type { Overlay, Session } from "../app/session";
import {
  type Block,
  channelBlocks,
  channelMap,
  favouredMap,
  type Gate,
  rank,
  readGates,
} from "../attention/gates";
import {
  detectionInput,
  detectionSize,
  directionInput,
  padForDirection,
  textInput,
} from "../pipeline/inputs";
import type { NetworkName } from "../pipeline/networks";
import type { Pixels } from "../pipeline/pixels";
import { channelBars } from "../ui/channel-bars";
import { robustRange } from "../ui/colour-maps";
import { h } from "../ui/dom";
import type { Layers } from "../ui/layers";
import { segmented } from "../ui/segmented";
import { blockPicker } from "./block-picker";
import { featureGallery } from "./feature-gallery";
import { heatFigure } from "./heat-figure";
import { kRunning, whyNothing } from "./why-nothing";

/** A channel, or the mean of those that the gate favours. */
type Choice = number | "favoured";

/** What a network looks at: the whole picture, or the selected line. */
function inputOf(session: Session, network: NetworkName) {
  const pixels = session.picture.value?.pixels;
  if (network === "detect") {
    return (
      session.map.value && // a run before detection is done would only delay it
      pixels && {
        tensor: detectionInput(pixels, detectionSize(pixels, session.limit.value)),
        pixels,
      }
    );
  }
  const crop = session.line?.crop;
  if (!crop) return undefined;
  return network === "direction"
    ? { tensor: directionInput(crop), pixels: padForDirection(crop) }
    : { tensor: textInput(crop), pixels: crop };
}

/** Squeeze-excite gates: which channels each block lets through, and where those are active. */
export function gatesView(session: Session, layers: Layers, active: Cell<boolean>): HTMLElement {
  const network = new Cell<NetworkName>("detect");
  const order = new Cell<"index" | "gate">("index");
  const block = new Cell<Block | undefined>(undefined);
  const gates = new Cell<ReadonlyMap<string, Gate>>(new Map());
  const choice = new Cell<Choice>("favoured");
  const shown = new Cell<Pixels | undefined>(undefined);
  const overlay = new Cell<Overlay | undefined>(undefined);
  const note = h("p", { class: "note", aria: { live: "polite" } });
  const readout = h("p", { class: "readout number" });
  const bars = channelBars((channel) => {
    choice.value = channel;
  });
  const gateOf = (): Gate | undefined => block.value && gates.value.get(block.value.id);

  const figure = heatFigure(shown, overlay, layers.opacity);
  network.watch((name) => {
    figure.hidden = name === "detect";
  });
  const gallery = featureGallery(gates, block, choice);
  const detail = h("div", { class: "gate" }, bars.element, readout, figure, gallery);

  let latest = 0;
  const run = async (): Promise<void> => {
    const model = session.networks.value?.[network.value];
    const turn = ++latest;
    if (!active.value) return;
    const input = model && block.value ? inputOf(session, network.value) : undefined;
    note.textContent = input ? kRunning : whyNothing(session);
    if (!input || !model || !block.value) {
      gates.value = new Map();
      return;
    }
    try {
      const found = await readGates(model, input.tensor, block.value);
      if (turn !== latest) return;
      note.textContent = "";
      shown.value = input.pixels;
      choice.value = "favoured";
      gates.value = found;
    } catch (error) {
      if (turn === latest) note.textContent = session.explain(error);
    }
  };

  watchAll([session.networks, network], () => {
    const model = session.networks.value?.[network.value];
    const blocks = model ? channelBlocks(model) : [];
    gates.value = new Map();
    block.value = blocks[Math.floor(blocks.length / 2)];
  });
  watchAll([active, block, session.map], () => void run());
  session.selected.watch(() => network.value !== "detect" && void run());
  session.status.watch(() => {
    if (gates.value.size === 0 && note.textContent !== kRunning)
      note.textContent = whyNothing(session);
  });
  watchAll([gates, order, choice], () => {
    const gate = gateOf();
    detail.hidden = !gate;
    if (!gate) {
      overlay.value = undefined;
      return;
    }
    const ranked = rank(gate.values);
    const channel = choice.value === "favoured" ? undefined : choice.value;
    const indices = order.value === "gate" ? ranked : Array.from(gate.values, (_, i) => i);
    bars.show(gate.values, indices, channel);
    readout.textContent =
      channel === undefined
        ? `${gate.values.length} channels; the brightest places are where the most favoured are active`
        : `Channel ${channel}: gate ${(gate.values[channel] ?? 0).toFixed(3)}, ${ranked.indexOf(channel) + 1} of ${gate.values.length}`;
    overlay.value = makeOverlay(gate, choice.value);
  });
  watchAll([overlay, active, network], () => {
    const onPicture = active.value && network.value === "detect";
    session.feature.value = onPicture ? overlay.value : undefined;
    if (onPicture && overlay.value) layers.heat.value = "feature";
    else if (layers.heat.value === "feature") layers.heat.value = "none";
  });

  const networks = segmented<NetworkName>(
    "Network",
    [
      { value: "detect", label: "Detection" },
      { value: "direction", label: "Direction" },
      { value: "recognise", label: "Recognition" },
    ],
    network,
  );
  const orders = segmented<"index" | "gate">(
    "Order of the channels",
    [
      { value: "index", label: "In order" },
      { value: "gate", label: "Sorted" },
    ],
    order,
  );
  return h(
    "div",
    { class: "panel gates" },
    h(
      "p",
      { class: "lead" },
      "A squeeze-excite block averages each channel over the picture and decides from all averages how far to open each one. Direction and recognition look at the selected line.",
    ),
    h("div", { class: "controls" }, networks.element, orders.element),
    blockPicker(session.networks, network, gates, block),
    note,
    detail,
  );
}

function makeOverlay(gate: Gate, choice: Choice): Overlay | undefined {
  if (!gate.features) return undefined;
  const full = gate as Required<Gate>;
  const data = choice === "favoured" ? favouredMap(full) : channelMap(full, choice);
  const { width, height } = gate.features;
  const label = choice === "favoured" ? "Favoured channels" : `Channel ${choice}`;
  return { data, width, height, label, ...robustRange(data) };
}
