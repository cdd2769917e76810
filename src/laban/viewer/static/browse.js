// The list of clips: filters, pages, and which one is open.

import { ask } from "./api.js";

const SIZE = 40;

export class Browser {
  constructor(place, open) {
    this.place = place;
    this.open = open;
    this.form = place.querySelector("form");
    this.list = place.querySelector("#clips");
    this.count = place.querySelector("#count");
    this.pages = place.querySelector("#pages");
    this.buttons = [place.querySelector("#before"), place.querySelector("#after")];
    this.page = 0;
    this.form.addEventListener("submit", (event) => event.preventDefault());
    this.form.addEventListener("input", () => {
      clearTimeout(this.later);
      this.later = setTimeout(() => this.load(0), 200);
    });
    this.buttons.forEach((button, k) =>
      button.addEventListener("click", () => this.load(this.page + (k ? 1 : -1))));
  }

  /** Shows a shelf, the store or an upload, at the page of a clip. */
  async show(shelf, about, number) {
    const facets = await ask(`/view/${encodeURIComponent(shelf)}`);
    fill(this.form.label, "all classes", facets.labels);
    fill(this.form.subject, "all subjects", facets.subjects);
    this.form.querySelector("#judged").hidden = about.task !== "recognition";
    this.form.reset();
    this.shelf = shelf;
    this.judges = about.task === "recognition";
    await this.load(Math.floor(number / SIZE));
  }

  query() {
    return Object.fromEntries(new FormData(this.form));
  }

  async load(page) {
    const asked = (this.asked = {});
    const path = `/view/${encodeURIComponent(this.shelf)}/clips`;
    const found = await ask(path, { ...this.query(), page, size: SIZE });
    if (asked !== this.asked) return;
    this.page = page;
    this.rows = found.clips;
    const last = Math.max(0, Math.ceil(found.total / SIZE) - 1);
    this.last = last;
    const many = (count) => count.toLocaleString("en");
    this.count.textContent = `${many(found.total)} ${found.total === 1 ? "clip" : "clips"}` +
      (this.judges && found.open ? `, ${many(found.open)} in all still to judge` : "");
    this.pages.textContent = `${page + 1} of ${last + 1}`;
    this.buttons[0].disabled = page === 0;
    this.buttons[1].disabled = page >= last;
    this.list.replaceChildren(...found.clips.map((clip) => this.row(clip)));
    this.list.scrollTop = 0;
  }

  row(clip) {
    const item = document.createElement("li");
    const link = document.createElement("a");
    link.href = `#${this.shelf}/${clip.number}`;
    link.dataset.number = clip.number;
    const name = document.createElement("span");
    name.className = "clip-name";
    name.textContent = clip.name;
    const about = document.createElement("span");
    about.className = "clip-about";
    const parts = [clip.label, `${clip.seconds.toFixed(1)}\u00a0s`];
    if (clip.persons > 1) parts.push(`${clip.persons}\u00a0persons`);
    about.textContent = parts.filter(Boolean).join(" · ");
    link.append(name, about);
    if (clip.said !== null) link.append(verdict(clip));
    if (this.current === clip.number) link.setAttribute("aria-current", "true");
    item.append(link);
    return item;
  }

  /** Marks the clip that is open. */
  mark(shelf, number) {
    this.current = shelf === this.shelf ? number : null;
    for (const link of this.list.querySelectorAll("a")) {
      if (Number(link.dataset.number) === this.current) {
        link.setAttribute("aria-current", "true");
        const [box, own] = [this.list.getBoundingClientRect(), link.getBoundingClientRect()];
        if (own.top < box.top || own.bottom > box.bottom) this.list.scrollTop += own.top - box.top;
      } else link.removeAttribute("aria-current");
    }
  }

  /** Writes beside the open clip what was just said of it. */
  note(address, { whole, right }) {
    const link = this.list.querySelector(`a[data-number="${this.current}"]`);
    if (!whole || !link || !address.endsWith(`/${this.current}`)) return;
    link.querySelector(".clip-said")?.remove();
    link.append(verdict({ right, said: whole.label, probability: whole.probability }));
  }

  /** The number of the clip a step away from the open one in the list, over pages. */
  async beside(step) {
    const place = this.rows.findIndex((clip) => clip.number === this.current);
    const next = this.rows[place + step];
    if (next) return next.number;
    const page = this.page + step;
    if (page < 0 || page > this.last) return null;
    await this.load(page);
    return this.rows.at(step > 0 ? 0 : -1)?.number ?? null;
  }
}

function verdict(clip) {
  const mark = document.createElement("span");
  const [kind, sign] = clip.right === null ? ["open", "?"] : clip.right ? ["right", "✓"] : ["wrong", "✗"];
  mark.className = `clip-said ${kind}`;
  const sure = `${(100 * clip.probability).toFixed(0)} %`;
  mark.textContent = clip.right ? `${sign} ${sure}` : `${sign} ${clip.said}, ${sure}`;
  return mark;
}

function fill(select, all, words) {
  const options = words.map(([word, count]) => new Option(`${word} (${count})`, word));
  select.replaceChildren(new Option(all, ""), ...options);
  select.parentElement.hidden = !words.length;
}
