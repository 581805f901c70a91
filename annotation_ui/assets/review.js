// The review page: one item at a time, a verdict by one key. What it shows comes from
// annotation_ui/web/api.py; everything is put into the page as text, never as HTML.

import { Viewer } from "./viewer.js";

const RENEW = 180; // seconds; a lease runs for ten minutes
const AGAIN = 30; // seconds until the page asks again when there was nothing to do
const RETRY = 1; // seconds until it asks again when no server answered
const LEAST_LOOK = 250; // milliseconds in which nobody can have judged what has just appeared

const SCALES = {
  depth: ["near", "far"],
  transmission: ["0: veiled", "1: clear"],
};

class LoggedOut extends Error {}

class Unanswered extends Error {}

const pause = (seconds) => new Promise((done) => setTimeout(done, seconds * 1000));

async function ask(name, ...data) {
  let answer;
  try {
    const body = JSON.stringify({ data });
    const headers = { "Content-Type": "application/json" };
    answer = await fetch(`gradio_api/run/${name}`, { method: "POST", headers, body });
  } catch {
    throw new Unanswered();
  }
  if (answer.status === 401) throw new LoggedOut();
  if (!answer.ok) throw new Unanswered();
  return (await answer.json()).data[0];
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
      go: () => this.open(),
      split: () => this.viewer.look("split"),
      flip: () => this.viewer.flip(),
      depth: () => this.viewer.toggle("depth"),
      transmission: () => this.viewer.toggle("transmission"),
      zoom: () => this.viewer.zoom(),
      note: () => this.at.note.focus(),
    };
    root.addEventListener("click", (event) => {
      const name = event.target.closest("[data-do]")?.dataset.do;
      if (name) this.does[name]();
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
    if (this.at.history.open) {
      if (event.key.toLowerCase() === "h" && !event.repeat) {
        event.preventDefault();
        this.at.history.close();
      }
      return;
    }
    if (event.target === this.at.note) {
      if (event.key === "Escape") this.at.note.blur();
      return;
    }
    const on = event.target.closest?.("button, a, input");
    if (on?.matches(":focus-visible") && [" ", "Enter"].includes(event.key)) return;
    const act = this.bound(event.key);
    if (!act || (event.repeat && !event.key.startsWith("Arrow"))) return;
    event.preventDefault();
    act();
  }

  bound(key) {
    if (key === "Enter") return this.at.message.querySelector("[data-do=go]:not([hidden])") && this.does.go;
    if (key === "ArrowLeft") return () => this.viewer.slide(-0.02);
    if (key === "ArrowRight") return () => this.viewer.slide(0.02);
    if (/^[1-9]$/.test(key)) return () => this.boxes()[key - 1]?.click();
    const names = { a: "accept", r: "reject", u: "undo", h: "history", n: "note", c: "split",
      " ": "flip", d: "depth", t: "transmission", z: "zoom" };
    return this.does[names[key.toLowerCase()]];
  }

  boxes() {
    return [...this.at.reasons.querySelectorAll("input")];
  }

  // Asking the server.

  // One thing at a time; without an answer it is said and, where `again`, asked again.
  async once(work, again = work) {
    if (this.busy) return;
    this.busy = true;
    this.root.classList.add("busy");
    try {
      for (let asked = work; ; asked = again) {
        try {
          await asked();
          break;
        } catch (error) {
          if (!(error instanceof Unanswered)) throw error;
          this.say("No answer from the server. Nothing is lost: trying again …");
          await pause(RETRY);
        }
      }
    } catch (error) {
      if (!(error instanceof LoggedOut)) throw error;
      location.reload(); // the server asks for the password first; what was typed is kept
    } finally {
      this.busy = false;
      this.root.classList.remove("busy");
    }
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
      await fetch("logout", { method: "POST" }).catch(() => { throw new Unanswered(); });
      location.reload();
    });
  }

  // Showing what it answers.

  async update(response) {
    if (response.stale) return this.expired(response.stale);
    if (response.error) {
      this.say(response.error);
      if (response.error.includes("note")) this.at.note.focus();
      return;
    }
    const { lease } = response;
    if (lease) {
      lease.draft = `${response.reviewer} ${lease.item}`;
      const urls = Object.entries(lease.images).map(([view, name]) => [view, `images/${name}`]);
      await this.decoded(Object.fromEntries(urls));
    }
    this.stale = false;
    this.lease = lease;
    this.say("");
    this.progress(response);
    this.at.work.hidden = !lease;
    this.at.nothing.hidden = !!lease;
    this.root.hidden = false;
    if (lease) this.item(lease, response.reasons);
    else this.nothing(response);
  }

  async decoded(urls) {
    try {
      await this.viewer.show(urls);
    } catch {
      throw new Unanswered();
    }
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
    this.fetch();
  }

  // Only to be quick: without an answer the pictures come when they are needed.
  async fetch() {
    const names = await ask("upcoming").catch(() => []);
    this.viewer.fetch(names.map((name) => `images/${name}`));
  }

  nothing({ done, left }) {
    this.at.nothing.textContent = left
      ? `Others hold what is left (${left}). This page asks again every ${AGAIN} seconds.`
      : `You have judged all there is for you: ${done}. Thank you!`;
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
    this.say(why, true);
  }

  say(words, go = false) {
    this.root.hidden = false;
    this.at.words.textContent = words;
    this.at.message.hidden = !words;
    this.at.message.querySelector("button").hidden = !go;
  }

  viewed() {
    const { view, level } = this.viewer;
    for (const name of ["split", "depth", "transmission"])
      this.button(name).setAttribute("aria-pressed", view === name);
    this.button("flip").setAttribute("aria-pressed", view === "clean" || view === "degraded");
    this.at.zoom.textContent = `${+level.toFixed(1)}×`;
    this.at.scale.hidden = !(view in SCALES);
    [this.at.low.textContent, this.at.high.textContent] = SCALES[view] ?? ["", ""];
  }

  button(name) {
    return this.root.querySelector(`[data-do=${name}]`);
  }

  // Opened at once, so that the next key belongs to it and not to the pair behind it.
  async history() {
    this.at.judged.replaceChildren(element("li", "…"));
    this.at.history.showModal();
    const response = await ask("history").catch(() => null);
    if (!response) {
      this.at.history.close();
      return this.open(); // which says what is wrong
    }
    this.at.judged.replaceChildren(...response.map(judged));
    if (!response.length) this.at.judged.append(element("li", "None yet."));
  }

  // What the reviewer does.

  answer() {
    const reasons = this.boxes().filter((box) => box.checked).map((box) => box.value);
    return { reasons, note: this.at.note.value };
  }

  keep() {
    if (!this.lease) return;
    sessionStorage.setItem(this.lease.draft, JSON.stringify(this.answer()));
    if (!this.stale) this.say("");
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

function judged({ title, parameters, degraded, verdict, reasons, note, at }) {
  const row = element("li");
  const words = element("div");
  const values = parameters.filter(({ values }) => values.length === 1);
  const numbers = values.map(({ name, values }) => `${name} ${values[0]}`).join(", ");
  words.append(
    element("b", verdict === "accept" ? "Accepted" : "Rejected", { className: verdict }),
    ` ${title}`,
    element("small", numbers),
    element("small", [...reasons, note].filter(Boolean).join(" · ")),
    element("small", new Date(at).toLocaleString()),
  );
  row.append(element("img", "", { src: `images/${degraded}`, alt: "" }), words);
  return row;
}

export function start(root) {
  new Page(root.querySelector("#review")).open();
}
