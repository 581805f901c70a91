// Looking at one item: clean and degraded under a slider, maps beside them, zoom and pan.

const LEVELS = [1, 2, 4, 8];
const GRIP = 24; // pixels around the line that take hold of it

const SIDES = {
  split: ["clean", "degraded"],
  side: ["clean", "degraded"],
  difference: ["difference × 4", ""],
  clean: ["clean", ""],
  degraded: ["", "degraded"],
  depth: ["depth", ""],
  transmission: ["transmission", ""],
};

const picture = (src) => Object.assign(new Image(), { src, draggable: false });

export class Viewer {
  constructor(at, changed) {
    this.at = at;
    this.changed = changed;
    this.pictures = {};
    this.ahead = new Map();
    this.pointers = new Map();
    this.reset();
    const stage = at.stage;
    stage.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    stage.addEventListener("dblclick", (event) => {
      this.zoomTo(this.level > 1 ? 1 : 4, ...this.framed(this.place(event)));
    });
    stage.addEventListener("pointerdown", (event) => this.down(event));
    stage.addEventListener("pointermove", (event) => this.move(event));
    for (const end of ["pointerup", "pointercancel"])
      stage.addEventListener(end, (event) => this.pointers.delete(event.pointerId));
    new ResizeObserver(() => this.zoomTo(this.level)).observe(stage);
  }

  // Show an item's pictures, {view: URL}, once clean and degraded are decoded.
  async show(urls) {
    const pictures = {};
    for (const view of ["clean", "degraded"]) pictures[view] = this.ahead.get(urls[view]) ?? picture(urls[view]);
    await Promise.all([pictures.clean.decode(), pictures.degraded.decode()]);
    this.panes = {};
    for (const [view, url] of Object.entries(urls)) {
      pictures[view] ??= picture(url);
      pictures[view].dataset.view = pictures[view].alt = view;
      this.panes[view] = Object.assign(document.createElement("div"), { className: "pane" });
      this.panes[view].dataset.view = view;
      this.panes[view].append(pictures[view]);
    }
    this.pictures = pictures;
    this.at.world.replaceChildren(...Object.values(this.panes));
    if (!this.has(this.view)) this.view = "split";
    this.zoomTo(this.level);
  }

  // Fetch what will likely be shown next.
  fetch(urls) {
    this.ahead = new Map(urls.map((url) => [url, picture(url)]));
    for (const image of this.ahead.values()) image.decode().catch(() => this.ahead.clear());
  }

  reset() {
    Object.assign(this, { view: "split", line: 0.5, level: 1, x: 0, y: 0 });
  }

  has(view) {
    return ["split", "side", "difference"].includes(view) || view in this.pictures;
  }

  look(view) {
    if (!this.has(view)) return;
    const { atPixels } = this; // side by side the frame is half as wide
    this.view = view;
    this.zoomTo(atPixels ? this.pixelLevel : this.level);
  }

  // Width and height of what one picture is looked at through, and its side at level 1.
  get frame() {
    const { clientWidth, clientHeight } = this.at.stage;
    const width = (clientWidth || 1) / (this.view === "side" ? 2 : 1);
    return [width, clientHeight || 1, width];
  }

  // The level at which a pixel of the picture is one of the screen.
  get pixelLevel() {
    const { naturalWidth = 1 } = this.pictures.degraded ?? {};
    return naturalWidth / devicePixelRatio / this.frame[2];
  }

  get atPixels() {
    return Math.abs(this.level - this.pixelLevel) < 1e-6;
  }

  pixels() {
    this.zoomTo(this.atPixels ? 1 : this.pixelLevel);
  }

  flip() {
    this.look(this.view === "clean" ? "degraded" : "clean");
  }

  toggle(view) {
    this.look(this.view === view ? "split" : view);
  }

  slide(by) {
    this.line = Math.min(1, Math.max(0, this.line + by));
    this.look("split");
  }

  zoom() {
    const next = LEVELS[(LEVELS.findIndex((level) => level >= this.level) + 1) % LEVELS.length];
    this.zoomTo(next);
  }

  // Zoom so that the point (x, y) of the frame stays where it is.
  zoomTo(level, x = this.frame[0] / 2, y = this.frame[1] / 2) {
    const [width, height, side] = this.frame;
    const next = Math.min(LEVELS.at(-1), Math.max(Math.min(1, this.pixelLevel), level));
    const ratio = next / this.level;
    this.level = next;
    // What is smaller than its frame lies in the middle of it.
    const kept = (at, room) =>
      room > side * next ? (room - side * next) / 2 : Math.min(0, Math.max(room - side * next, at));
    this.x = kept(x - (x - this.x) * ratio, width);
    this.y = kept(y - (y - this.y) * ratio, height);
    this.draw();
  }

  wheel(event) {
    if (event.deltaY > 0 && this.level === 1) return; // the page may scroll
    event.preventDefault();
    this.zoomTo(this.level * Math.exp(-event.deltaY / 400), ...this.framed(this.place(event)));
  }

  down(event) {
    if (event.button) return;
    const [x, y] = this.place(event);
    this.pointers.set(event.pointerId, [x, y]);
    this.at.stage.setPointerCapture(event.pointerId);
    const near = Math.abs(x - this.line * this.at.stage.clientWidth) < GRIP;
    this.sliding = this.view === "split" && (this.level === 1 || near);
  }

  move(event) {
    const before = this.pointers.get(event.pointerId);
    if (!before) return;
    const now = this.place(event);
    const other = [...this.pointers].find(([id]) => id !== event.pointerId)?.[1];
    this.pointers.set(event.pointerId, now);
    if (other) {
      const apart = (point) => Math.hypot(point[0] - other[0], point[1] - other[1]);
      const middle = [(now[0] + other[0]) / 2, (now[1] + other[1]) / 2];
      this.zoomTo((this.level * apart(now)) / Math.max(apart(before), 1), ...this.framed(middle));
    } else if (this.sliding) {
      this.line = Math.min(1, Math.max(0, now[0] / this.at.stage.clientWidth));
      this.draw();
    } else {
      this.x += now[0] - before[0];
      this.y += now[1] - before[1];
      this.zoomTo(this.level);
    }
  }

  // Where a pointer is on the stage; captured, it may be beyond it.
  place(event) {
    const box = this.at.stage.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  // A point of the stage in the frame it lies in: side by side there are two.
  framed([x, y]) {
    const [width] = this.frame;
    return [this.view === "side" && x >= width ? x - width : x, y];
  }

  draw() {
    const { stage, world, handle, left, right } = this.at;
    stage.dataset.view = this.view;
    stage.style.touchAction = this.level > 1 ? "none" : "pan-y";
    const transform = `translate(${this.x}px, ${this.y}px) scale(${this.level})`;
    for (const one of Object.values(this.pictures)) one.style.transform = transform;
    world.style.imageRendering = this.level > 1 ? "pixelated" : "auto";
    handle.style.left = `${this.line * 100}%`;
    if (this.panes?.clean)
      this.panes.clean.style.clipPath =
        this.view === "split" ? `inset(0 ${100 - 100 * this.line}% 0 0)` : "";
    [left.textContent, right.textContent] = SIDES[this.view];
    this.changed();
  }
}
