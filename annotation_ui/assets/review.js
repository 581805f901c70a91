// The review page: one item at a time, a verdict by one key. What it shows comes from
// annotation_ui/web/api.py; everything is put into the page as text, never as HTML.

import { Viewer } from "./viewer.js";

const RENEW = 180; // seconds; a lease runs for ten minutes
const AGAIN = 30; // seconds until the page asks again when there was nothing to do
const RETRY = 1; // seconds until it asks again when no server answered
const NARROW = matchMedia("(max-width: 56rem)");
const LEAST_LOOK = 250; // milliseconds in which nobody can have judged what has just appeared

const SCALES = {
  depth: ["near", "far"],
  transmission: ["0: veiled", "1: clear"],
};

class LoggedOut extends Error {}

class Unanswered extends Error {}

const SILENT = "No answer from the server. Nothing is lost: trying again …";

const pause = (seconds) => new Promise((done) => setTimeout(done, seconds * 1000));

async function ask(name, ...data) {
  const reply = await replied(name, data).catch((error) => {
    // What was cut off on the way, or comes from a proxy, is no answer.
    throw error instanceof LoggedOut ? error : new Unanswered(SILENT);
  });
  if (reply.trouble) throw new Unanswered(reply.trouble);
  return reply;
}

async function replied(name, data) {
  const body = JSON.stringify({ data });
  const headers = { "Content-Type": "application/json" };
  const answer = await fetch(`gradio_api/run/${name}`, { method: "POST", headers, body });
  if (answer.status === 401) throw new LoggedOut();
  const content = await answer.json();
  if (content.detail && [400, 404, 413].includes(answer.status)) return { error: content.detail };
  return content.data[0];
}

function element(tag, words = "", of = {}) {
  return Object.assign(document.createElement(tag), { textContent: words }, of);
}

class Page {
  constructor(root) {
    this.root = root;
    this.at = {};
    for (const part of root.querySelectorAll("[data-at]")) this.at[part.dataset.at] = part;
    this.viewer = new Viewer(this.at, () => this.viewed());
    this.lease = null;
    this.busy = false;
    this.does = {
      accept: () => this.judge("accept"),
      reject: () => this.judge("reject"),
      undo: () => this.undo(),
      history: () => this.history(),
      logout: () => this.logout(),
      skip: () => this.skip(),
      older: () => this.older(),
      guide: () => this.guide(),
      side: () => this.viewer.toggle("side"),
      difference: () => this.viewer.toggle("difference"),
      pixels: () => this.viewer.pixels(),
      go: () => this.open(),
      split: () => this.viewer.look("split"),
      flip: () => this.viewer.flip(),
      depth: () => this.viewer.toggle("depth"),
      transmission: () => this.viewer.toggle("transmission"),
      zoom: () => this.viewer.zoom(),
      note: () => this.at.note.focus(),
    };
    root.addEventListener("click", (event) => {
      const on = event.target.closest("[data-do]");
      if (on?.dataset.item) this.reopen(on.dataset.item);
      else if (on) this.does[on.dataset.do]();
    });
    this.at.note.addEventListener("input", () => this.keep());
    this.at.reasons.addEventListener("change", () => this.keep());
    document.addEventListener("keydown", (event) => this.key(event));
    document.addEventListener("visibilitychange", () => this.seen());
    setInterval(() => this.renew(), RENEW * 1000);
  }

  // Keys: each is written on the button that it presses.

  key(event) {
    if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
    const dialog = [this.at.history, this.at.guide].find((one) => one.open);
    if (dialog) {
      const again = dialog === this.at.history ? "history" : "guide";
      if (this.named(event) === again && !event.repeat) {
        event.preventDefault();
        dialog.close();
      }
      return;
    }
    if (event.target === this.at.note) {
      if (event.key === "Escape") this.at.note.blur();
      return;
    }
    const on = event.target.closest?.("button, a, input");
    if (on?.matches(":focus-visible") && [" ", "Enter"].includes(event.key)) return;
    const act = this.bound(event);
    if (!act || (event.repeat && !event.key.startsWith("Arrow"))) return;
    event.preventDefault();
    act();
  }

  // What is written on the key counts. Where that is no Latin letter (Cyrillic, or the digits of a
  // French keyboard), it is the key at the letter's place.
  named({ key, code = "" }) {
    const names = { a: "accept", r: "reject", k: "skip", u: "undo", h: "history", n: "note", c: "split",
      s: "side", x: "difference", " ": "flip", d: "depth", t: "transmission", z: "zoom", "0": "pixels",
      "?": "guide" };
    const at = /^[a-z]$/i.test(key) ? "" : code.replace(/^(?:Key|Digit|Numpad)(?=.$)/, "").toLowerCase();
    return names[key.toLowerCase()] ?? names[at];
  }

  bound(event) {
    const { key, code = "" } = event;
    if (key === "Enter") return this.at.message.querySelector("[data-do=go]:not([hidden])") && this.does.go;
    if (key === "ArrowLeft") return () => this.viewer.slide(-0.02);
    if (key === "ArrowRight") return () => this.viewer.slide(0.02);
    const name = this.named(event);
    if (name) return this.does[name];
    const digit = /^[1-9]$/.test(key) ? key : code.match(/^Digit([1-9])$/)?.[1];
    if (digit && !/^[a-z]$/i.test(key)) return () => this.boxes()[digit - 1]?.click();
  }

  boxes() {
    return [...this.at.reasons.querySelectorAll("input")];
  }

  // Asking the server.

  // One thing at a time; without an answer it is said and, where `again`, asked again.
  async once(work, again = work) {
    if (this.busy) return;
    this.occupied(true);
    try {
      for (let asked = work; ; asked = again) {
        try {
          await asked();
          break;
        } catch (error) {
          if (!(error instanceof Unanswered)) throw error;
          this.notify(error.message);
          await pause(RETRY);
        }
      }
    } catch (error) {
      if (!(error instanceof LoggedOut)) throw error;
      location.reload(); // the server asks for the password first; what was typed is kept
    } finally {
      this.occupied(false);
    }
  }

  // What is typed while an answer is on its way would be in none: it is not taken.
  occupied(busy) {
    this.busy = this.at.note.readOnly = this.at.why.disabled = busy;
    this.root.classList.toggle("busy", busy);
  }

  open() {
    return this.once(async () => this.update(await ask("open")));
  }

  judge(verdict) {
    const { lease } = this;
    if (!lease || this.stale || performance.now() - this.shown < LEAST_LOOK) return;
    const answer = this.answer();
    const seconds = this.watched();
    return this.once(async () => {
      const response = await ask("submit", lease.token, verdict, answer.reasons, answer.note, seconds);
      if (!response.stale && !response.error) sessionStorage.removeItem(lease.draft);
      await this.update(response);
    });
  }

  skip() {
    const { lease } = this;
    if (!lease || this.stale || performance.now() - this.shown < LEAST_LOOK) return;
    const { note } = this.answer();
    return this.once(async () => {
      const response = await ask("skip", lease.token, note);
      if (!response.stale && !response.error) sessionStorage.removeItem(lease.draft);
      await this.update(response);
    });
  }

  reopen(item) {
    this.at.history.close();
    return this.once(
      async () => this.update(await ask("reopen", item)),
      async () => this.update(await ask("open")),
    );
  }

  undo() {
    // Asked twice it would take back two: what was lost on the way is found again by opening.
    return this.once(
      async () => this.update(await ask("undo")),
      async () => this.update(await ask("open")),
    );
  }

  async renew() {
    if (!this.lease || this.stale || this.busy || document.hidden) return;
    const { lease } = this;
    try {
      const { stale } = await ask("renew", lease.token);
      if (!stale || lease !== this.lease) return;
      if (sessionStorage.getItem(lease.draft)) this.expired(stale);
      else this.open();
    } catch (error) {
      if (error instanceof LoggedOut) location.reload();
    }
  }

  // Back in this window: another one may have gone on meanwhile, and this one follows.
  seen() {
    if (this.shown) this.since(document.hidden ? null : performance.now());
    if (!document.hidden && !this.at.work.hidden) this.renew();
  }

  logout() {
    return this.once(async () => {
      await fetch("logout", { method: "POST" }).catch(() => { throw new Unanswered(SILENT); });
      location.reload();
    });
  }

  // Showing what it answers.

  async update(response) {
    if (response.stale) return this.expired(response.stale);
    if (response.error) {
      this.notify(response.error);
      if (response.error.includes("note")) this.at.note.focus();
      return;
    }
    const { lease } = response;
    if (lease) {
      lease.draft = `${response.reviewer} ${lease.item}`;
      const urls = Object.entries(lease.images).map(([view, name]) => [view, `images/${name}`]);
      if (!(await this.decoded(Object.fromEntries(urls)))) {
        // The server looks whether it is the pictures; one that is gone is asked again.
        return this.update(await ask("broken", lease.token));
      }
    }
    this.stale = false;
    this.lease = lease;
    this.notify(response.notice ?? "");
    this.progress(response);
    this.at.work.hidden = this.at.verdict.hidden = !lease;
    this.at.nothing.hidden = !!lease;
    this.root.hidden = false;
    if (lease) this.item(lease, response.reasons);
    else this.nothing(response);
  }

  // Whether the pictures could be shown; a second try, for a server that was just away.
  async decoded(urls) {
    for (const wait of [RETRY, 0]) {
      try {
        await this.viewer.show(urls);
        return true;
      } catch {
        await pause(wait);
      }
    }
    return false;
  }

  item(lease, reasons) {
    const { at } = this;
    at.title.textContent = lease.title;
    at.meaning.textContent = lease.meaning;
    at.facts.textContent = lease.facts;
    at.parameters.replaceChildren(...lease.parameters.map(parameter));
    const flags = lease.flags.map((flag) => element("li", flag.text));
    at.flags.replaceChildren(...(flags.length ? flags : [element("li", "Machine checks flagged nothing.", { className: "faint" })]));
    const draft = JSON.parse(sessionStorage.getItem(lease.draft)) ?? lease.before;
    at.reasons.replaceChildren(...reasons.map((reason, index) => choice(reason, index + 1, draft)));
    at.note.value = draft?.note ?? "";
    if (document.activeElement === at.note) at.note.blur();
    for (const name of ["accept", "reject"])
      this.button(name).setAttribute("aria-pressed", lease.before?.verdict === name);
    for (const view of ["depth", "transmission"]) this.button(view).hidden = !this.viewer.has(view);
    this.shown = performance.now();
    this.spent = 0;
    this.since(document.hidden ? null : this.shown);
    at.stage.dataset.item = lease.item;
    if (NARROW.matches) at.stage.parentElement.scrollIntoView({ block: "start" });
    this.fetch();
  }

  // Only to be quick: without an answer the pictures come when they are needed.
  async fetch() {
    const { images = [] } = await ask("upcoming").catch(() => ({}));
    this.viewer.fetch(images.map((name) => `images/${name}`));
  }

  nothing({ done, left, others }) {
    const wait = others === 1 ? "1 pair waits" : `${others} pairs wait`;
    const more = others ? ` ${wait} for another person: tell whoever runs the review.` : "";
    this.at.nothing.textContent = left
      ? `Others hold what is left (${left}). This page asks again every ${AGAIN} seconds.`
      : `You have judged all there is for you: ${done}. Thank you!${more}`;
    if (!left) return;
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => this.lease || this.open(), AGAIN * 1000);
  }

  progress({ dataset, reviewer, done, left }) {
    const { at } = this;
    at.dataset.textContent = dataset;
    at.reviewer.textContent = reviewer;
    at.bar.max = done + left || 1;
    at.bar.value = done;
    at.progress.textContent = `${done} judged · ${left ? `at most ${left} left` : "none left"}`;
  }

  expired(why) {
    this.stale = true;
    this.notify(why, true);
  }

  notify(words, go = false) {
    this.root.hidden = false;
    this.at.words.textContent = words;
    this.at.message.hidden = !words;
    this.at.message.querySelector("button").hidden = !go;
    if (words && NARROW.matches) this.at.message.scrollIntoView({ block: "nearest" });
  }

  viewed() {
    const { view, level } = this.viewer;
    for (const name of ["split", "side", "difference", "depth", "transmission"])
      this.button(name).setAttribute("aria-pressed", view === name);
    this.button("flip").setAttribute("aria-pressed", view === "clean" || view === "degraded");
    this.at.zoom.textContent = `${+level.toFixed(1)}×`;
    this.button("pixels").setAttribute("aria-pressed", this.viewer.atPixels);
    this.at.scale.hidden = !(view in SCALES);
    [this.at.low.textContent, this.at.high.textContent] = SCALES[view] ?? ["", ""];
  }

  button(name) {
    return this.root.querySelector(`[data-do=${name}]`);
  }

  // Opened at once, so that the next key belongs to it and not to the pair behind it.
  async history() {
    this.at.judged.replaceChildren();
    this.at.older.hidden = true;
    this.at.history.showModal();
    await this.older();
  }

  async older() {
    const asked = (this.asked = Symbol());
    const response = await ask("history", this.at.judged.children.length).catch(() => null);
    if (asked !== this.asked) return; // again, meanwhile
    if (!response) {
      this.at.history.close();
      return this.open(); // which says what is wrong
    }
    this.at.judged.append(...response.items.map(judged));
    if (!this.at.judged.children.length) this.at.judged.append(element("li", "None yet."));
    this.at.older.hidden = !response.more;
  }

  async guide() {
    this.at.guide.showModal();
    const instructions = await ask("guide").catch(() => null);
    if (!instructions) return this.at.guide.close();
    const definition = (word, text) => {
      const line = element("p");
      line.append(element("b", `${word} says: `), text);
      return line;
    };
    const now = this.at.title.textContent;
    const types = instructions.types.toSorted((a, b) => (b.title === now) - (a.title === now)).flatMap((type) => [
      element("h3", type.title),
      element("p", type.look),
      ...instructions.examples.filter((one) => one.title === type.title).map(example),
    ]);
    this.at.instructions.replaceChildren(
      definition("Accept", instructions.accept),
      definition("Reject", instructions.reject),
      definition("Skip", instructions.skip),
      ...types,
    );
  }

  // What the reviewer does.

  answer() {
    const reasons = this.boxes().filter((box) => box.checked).map((box) => box.value);
    return { reasons, note: this.at.note.value };
  }

  keep() {
    if (!this.lease) return;
    sessionStorage.setItem(this.lease.draft, JSON.stringify(this.answer()));
    if (!this.stale) this.notify("");
  }

  // Seconds that the item was in view.
  watched() {
    this.since(performance.now());
    return this.spent / 1000;
  }

  since(now) {
    if (this.from != null) this.spent += performance.now() - this.from;
    this.from = now;
  }
}

function parameter({ name, values, unit, meaning }) {
  const row = element("tr");
  const about = element("th", name, { scope: "row" });
  about.append(element("small", meaning));
  const value = element("td");
  const list = element("span", "", { className: values.length === 9 ? "matrix" : "" });
  list.append(...values.map((number) => element("b", number)));
  value.append(list, element("small", unit));
  row.append(about, value);
  return row;
}

function choice(reason, number, draft) {
  const label = element("label");
  const checked = draft?.reasons.includes(reason) ?? false;
  label.append(element("input", "", { type: "checkbox", value: reason, checked }));
  label.append(element("kbd", number), reason);
  return label;
}

const SAID = { accept: "Accepted", reject: "Rejected", skip: "Skipped" };

const numbersOf = (parameters) =>
  parameters
    .filter(({ values }) => values.length === 1)
    .map(({ name, values, unit }) => `${name} ${values[0]} ${unit}`.trim())
    .join(", ");

function example({ verdict, why, parameters, images }) {
  const figure = element("figure");
  figure.append(...images.map((name) => element("img", "", { src: `images/${name}`, alt: "" })));
  const caption = element("figcaption");
  caption.append(
    element("b", verdict === "accept" ? "Accept" : "Reject", { className: verdict }),
    ` – ${why}. `,
    element("small", numbersOf(parameters)),
  );
  figure.append(caption);
  return figure;
}

function judged({ item, title, parameters, degraded, verdict, reasons, note, at }) {
  const row = element("li");
  const words = element("div");
  const numbers = numbersOf(parameters);
  words.append(
    element("b", SAID[verdict], { className: verdict }),
    ` ${title}`,
    element("small", numbers),
    element("small", [...reasons, note].filter(Boolean).join(" · ")),
    element("small", new Date(at).toLocaleString()),
  );
  const again = element("button", "Reopen", { type: "button" });
  Object.assign(again.dataset, { do: "reopen", item });
  row.append(element("img", "", { src: `images/${degraded}`, alt: "" }), words, again);
  return row;
}

export function start(root) {
  new Page(root.querySelector("#review")).open();
}
