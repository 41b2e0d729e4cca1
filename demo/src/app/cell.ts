/** A value that others can watch. Setting it calls every watcher, in the order they came. */
export class Cell<T> {
  #value: T;
  readonly #watchers = new Set<(value: T) => void>();

  constructor(value: T) {
    this.#value = value;
  }

  get value(): T {
    return this.#value;
  }

  set value(value: T) {
    if (Object.is(value, this.#value)) return;
    this.#value = value;
    for (const watcher of this.#watchers) watcher(value);
  }

  /** Calls `watcher` now and at every change. Returns how to stop. */
  watch(watcher: (value: T) => void): () => void {
    this.#watchers.add(watcher);
    watcher(this.#value);
    return () => this.#watchers.delete(watcher);
  }
}

interface Watchable {
  watch(watcher: () => void): () => void;
}

/** Calls `watcher` now and whenever one of the cells changes. */
export function watchAll(cells: readonly Watchable[], watcher: () => void): void {
  let ready = false;
  for (const cell of cells) cell.watch(() => ready && watcher());
  ready = true;
  watcher();
}
