// Charts over time with a play head: class probabilities, and true and found actions.

const SVG = "http://www.w3.org/2000/svg";
export const DASHES = ["", "7 3", "2 3", "9 3 2 3", "4 2", "1 2", "6 2 1 2 1 2", "2 2"];

function draw(name, attributes, parent, words) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (words !== undefined) made.textContent = words;
  parent?.append(made);
  return made;
}

/** Round seconds to write below an axis of a width in pixels. */
function ticks(seconds, width) {
  const least = (seconds * 64) / Math.max(width, 64);
  const step = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600].find((s) => s >= least) ?? 1200;
  return Array.from({ length: Math.floor(seconds / step + 1e-6) + 1 }, (_, k) => k * step);
}

/** The classes of true and found actions, a lane each. */
const lanes = (data) => [...new Set([...data.truths, ...data.segments].map(([label]) => label))];

/** Whether the lanes' names have room beside them, else they stand above. */
const beside = (width) => width > 560;

/** Where the axes of both charts begin, so that a moment stands at one place in both. */
function margin(data, width) {
  const longest = Math.max(0, ...lanes(data).map((name) => name.length));
  return beside(width) ? Math.min(220, Math.max(52, 26 + 7 * longest)) : 52;
}

class Chart {
  constructor(place, seek) {
    this.place = place;
    this.seek = seek;
    this.frame = 0;
    new ResizeObserver(() => this.redraw()).observe(place);
    const drag = (event) => {
      if (event.buttons !== 1 || !this.clip) return;
      const x = event.clientX - this.place.getBoundingClientRect().left;
      this.seek(((x - this.left) / (this.right - this.left)) * (this.clip.frames - 1));
    };
    place.addEventListener("pointerdown", drag);
    place.addEventListener("pointermove", drag);
  }

  open(clip, data) {
    Object.assign(this, { clip, data, frame: 0 });
    this.redraw();
  }

  close() {
    this.data = null;
    this.place.replaceChildren();
  }

  x(frame) {
    return this.left + ((this.right - this.left) * frame) / Math.max(1, this.clip.frames - 1);
  }

  redraw() {
    if (!this.data || !this.place.clientWidth) return;
    const width = this.place.clientWidth;
    const height = this.height(width);
    this.left = margin(this.data, width);
    const svg = draw("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "img" });
    svg.setAttribute("aria-label", this.words());
    this.right = width - 14;
    this.axis(svg, height - 22);
    this.fill(svg, height - 22);
    this.head = draw("line", { class: "head", y1: 4, y2: height - 22 }, svg);
    this.place.replaceChildren(svg);
    this.show(this.frame);
  }

  axis(svg, floor) {
    const seconds = (this.clip.frames - 1) / this.clip.fps;
    const marks = ticks(seconds, this.right - this.left);
    for (const at of marks) {
      const x = this.x(at * this.clip.fps);
      draw("line", { class: "grid", x1: x, x2: x, y1: 4, y2: floor }, svg);
      const words = at === marks.at(-1) || at === 0 ? `${+at.toFixed(1)} s` : `${+at.toFixed(1)}`;
      draw("text", { x, y: floor + 16, "text-anchor": "middle" }, svg, words);
    }
  }

  show(frame) {
    this.frame = frame;
    if (!this.data || !this.head) return;
    const x = this.x(frame).toFixed(1);
    this.head.setAttribute("x1", x);
    this.head.setAttribute("x2", x);
  }
}

export class Probabilities extends Chart {
  constructor(section, seek) {
    super(section.querySelector(".chart"), seek);
    this.key = section.querySelector(".key");
  }

  open(clip, data) {
    this.key.replaceChildren(...data.classes.map((name, row) => this.entry(name, row, data)));
    super.open(clip, data);
  }

  close() {
    super.close();
    this.key.replaceChildren();
  }

  entry(name, row, data) {
    const item = document.createElement("li");
    const sample = draw("svg", { width: 30, height: 10, "aria-hidden": "true" });
    draw("line", { x1: 1, x2: 29, y1: 5, y2: 5, class: this.kind(name, row) }, sample)
      .setAttribute("stroke-dasharray", DASHES[row % DASHES.length]);
    const words = document.createElement("span");
    words.textContent = name === data.truth ? `${name} (true)` : name;
    words.className = name === data.truth ? "true" : "";
    const value = document.createElement("b");
    item.append(sample, words, value);
    return item;
  }

  kind(name, row) {
    return name === "background" ? "line none" : `line line-${row + 1}`;
  }

  words() {
    return `Probabilities of ${this.data.classes.join(", ")} over time`;
  }

  height(width) {
    return width < 500 ? 190 : 230;
  }

  fill(svg, floor) {
    const y = (share) => floor - share * (floor - 10);
    for (const share of [0, 0.5, 1]) {
      draw("line", { class: "grid", x1: this.left, x2: this.right, y1: y(share), y2: y(share) }, svg);
      draw("text", { x: this.left - 8, y: y(share) + 4, "text-anchor": "end" }, svg, `${100 * share} %`);
    }
    const { frames, shares, classes, truth } = this.data;
    shares.forEach((row, k) => {
      let path = "";
      row.forEach((share, place) => {
        if (share === null) return;
        const move = place === 0 || row[place - 1] === null ? "M" : "L";
        path += `${move}${this.x(this.at(frames[place])).toFixed(1)} ${y(share).toFixed(1)}`;
      });
      const kind = this.kind(classes[k], k) + (classes[k] === truth ? " true" : "");
      draw("path", { d: path, class: kind, "stroke-dasharray": DASHES[k % DASHES.length] }, svg);
    });
  }

  /** The frame that a row of windows has seen last; rows of frames speak of their own. */
  at(frame) {
    return this.data.whole ? frame - 1 : frame;
  }

  show(frame) {
    super.show(frame);
    if (!this.data) return;
    const { frames, shares } = this.data;
    let place = frames.findIndex((end) => this.at(end) > frame);
    place = place < 0 ? frames.length - 1 : Math.max(0, place - 1);
    [...this.key.children].forEach((item, row) => {
      const share = shares[row][place];
      item.lastChild.textContent = share === null ? "–" : `${(100 * share).toFixed(0)} %`;
    });
  }
}

const LANE = 30;

export class Timeline extends Chart {
  constructor(section, seek) {
    super(section.querySelector(".chart"), seek);
    this.section = section;
  }

  open(clip, data) {
    this.lanes = lanes(data);
    this.section.hidden = !this.lanes.length;
    super.open(clip, data);
  }

  close() {
    super.close();
    this.section.hidden = true;
  }

  height(width) {
    this.beside = beside(width);
    this.lane = this.beside ? LANE : LANE + 18;
    return 8 + this.lanes.length * this.lane + 22;
  }

  words() {
    const list = (rows) => rows.map(([name, start, end]) => `${name} ${this.clock(start)} to ${this.clock(end)}`);
    return `True: ${list(this.data.truths).join("; ") || "not known"}. Found: ${list(this.data.segments).join("; ") || "nothing"}`;
  }

  clock(frame) {
    return `${(frame / this.clip.fps).toFixed(1)} s`;
  }

  fill(svg) {
    const { truths, segments } = this.data;
    this.lanes.forEach((name, row) => {
      const top = 8 + row * this.lane;
      const bars = top + (this.beside ? 3 : 19);
      if (row % 2 === 0) {
        draw("rect", { class: "lane", x: 0, y: top, width: this.right + 14, height: this.lane }, svg);
      }
      const at = this.beside ? { x: this.left - 12, y: top + 19, "text-anchor": "end" } : { x: 12, y: top + 14 };
      draw("text", { ...at, class: "name" }, svg, this.beside ? shortened(name, 28) : name);
      for (const [label, start, end] of truths) {
        if (label === name) this.bar(svg, bars, start, end, "truth", `${label}, true, ${this.clock(start)} to ${this.clock(end)}`);
      }
      for (const [label, start, end, sure] of segments) {
        if (label !== name) continue;
        const words = `${label}, found, ${this.clock(start)} to ${this.clock(end)}, ${(100 * sure).toFixed(0)} %`;
        this.bar(svg, bars + 12.5, start, end, "found", words).style.opacity = 0.35 + 0.65 * sure;
      }
    });
  }

  bar(svg, y, start, end, kind, words) {
    const x = this.x(start);
    const width = Math.max(2, this.x(Math.max(start, end - 1)) - x);
    const bar = draw("rect", { class: kind, x, y, width, height: 10.5, rx: 2 }, svg);
    draw("title", {}, bar, words);
    return bar;
  }
}

const shortened = (words, most) => (words.length > most ? `${words.slice(0, most - 1)}…` : words);
