// Streams side by side: each drawn as it is, and below it how much there is of it over time.

import * as THREE from "./three/three.module.min.js";
import { askStream } from "./api.js";
import { placeOf } from "./bodies.js";
import { colour, jointColours } from "./colours.js";

const ABOUT = {
  joint: "positions",
  bone: "child minus parent, all from one point",
  motion: "next frame minus this one, enlarged",
  "bone-motion": "motion of the bones, enlarged",
  fast: "motion over every second frame",
  slow: "motion of every frame",
  "joint+bone": "positions, and bones as more channels",
};
const FIRST = ["joint", "bone", "motion", "bone-motion"];
const STILL = new Set(["joint", "bone", "joint+bone"]); // shown by their distance from their mean

export class Streams {
  constructor(section, stage) {
    this.stage = stage;
    this.choice = section.querySelector("fieldset");
    this.place = section.querySelector(".multiples");
    this.panels = new Map();
    stage.listen(() => this.draw());
    new ResizeObserver(() => this.draw()).observe(this.place);
  }

  /** The streams that can be chosen; the network's own is marked. */
  offer(names, own) {
    for (const name of names) {
      const label = document.createElement("label");
      const box = document.createElement("input");
      box.type = "checkbox";
      box.value = name;
      box.checked = FIRST.includes(name) || name === own;
      box.addEventListener("change", () => (box.checked ? this.add(name) : this.drop(name)));
      const words = document.createElement("span");
      words.textContent = name === own ? `${name} (the run's)` : name;
      label.append(box, words);
      this.choice.append(label);
    }
  }

  async open(address, clip, seek, signal) {
    Object.assign(this, { address, clip, seek, signal });
    for (const name of [...this.panels.keys()]) this.drop(name);
    this.frame = 0;
    for (const box of this.choice.querySelectorAll("input:checked")) await this.add(box.value);
  }

  async add(name) {
    const { address, signal } = this;
    if (!address || this.panels.has(name)) return;
    const panel = this.panel(name);
    try {
      const values = name === "joint" ? this.clip : await askStream(address, name, signal);
      if (address !== this.address || !this.panels.has(name)) return;
      panel.stream = { name, shape: values.shape, values: values.values };
      panel.step = Math.max(1, Math.round(this.clip.shape[1] / values.shape[1]));
      panel.gain = gainOf(panel.stream, this.clip.half);
      paintStrip(panel.strip, panel.stream);
      this.draw();
    } catch (error) {
      if (error.name !== "AbortError") panel.note.textContent = error.message;
    }
  }

  panel(name) {
    const figure = document.createElement("figure");
    figure.innerHTML = "<figcaption><strong></strong><span></span></figcaption>" +
      '<canvas class="small" role="img"></canvas>' +
      '<div class="strip"><canvas role="img"></canvas><i></i></div>';
    const [caption, canvas, strip] = figure.children;
    caption.firstChild.textContent = name;
    caption.lastChild.textContent = ABOUT[name] ?? "";
    canvas.setAttribute("aria-label", `Stream ${name} of the frame`);
    strip.firstChild.setAttribute("aria-label", `Stream ${name} over time, a row a joint`);
    strip.addEventListener("pointerdown", (event) => {
      const box = strip.getBoundingClientRect();
      this.seek(((event.clientX - box.left) / box.width) * (this.clip.shape[1] - 1));
    });
    const panel = { figure, canvas, strip: strip.firstChild, head: strip.lastChild, note: caption.lastChild };
    const order = [...this.choice.querySelectorAll("input")].map((box) => box.value);
    const next = [...this.panels].find(([other]) => order.indexOf(other) > order.indexOf(name));
    this.place.insertBefore(figure, next ? next[1].figure : null);
    this.panels.set(name, panel);
    return panel;
  }

  drop(name) {
    this.panels.get(name)?.figure.remove();
    this.panels.delete(name);
  }

  show(frame) {
    this.frame = frame;
    this.draw();
  }

  theme() {
    for (const panel of this.panels.values()) if (panel.stream) paintStrip(panel.strip, panel.stream);
    this.draw();
  }

  draw() {
    if (!this.clip) return;
    const share = this.frame / Math.max(1, this.clip.shape[1] - 1);
    for (const panel of this.panels.values()) {
      panel.head.style.left = `${100 * share}%`;
      if (panel.stream) this.sketch(panel);
    }
  }

  /** One frame of a stream, seen by the stage's eye. */
  sketch({ canvas, stream, step, gain }) {
    const dense = Math.min(2, devicePixelRatio || 1);
    const side = Math.round(canvas.clientWidth * dense);
    const tall = Math.round(canvas.clientHeight * dense);
    if (!side || !tall) return;
    if (canvas.width !== side || canvas.height !== tall) Object.assign(canvas, { width: side, height: tall });
    const pen = canvas.getContext("2d");
    pen.clearRect(0, 0, side, tall);
    pen.lineCap = "round";
    const eye = this.stage.camera.clone();
    eye.aspect = side / tall;
    eye.zoom = Math.min(1.2, eye.aspect * 1.1); // what fits the stage fits here too
    eye.updateProjectionMatrix();
    const flat = (at) => {
      at.project(eye);
      return [(at.x + 1) * 0.5 * side, (1 - at.y) * 0.5 * tall];
    };
    const line = (from, to, tint, width) => {
      pen.strokeStyle = tint;
      pen.lineWidth = width * dense;
      pen.beginPath();
      pen.moveTo(...flat(from));
      pen.lineTo(...flat(to));
      pen.stroke();
    };
    const [persons, frames, joints, channels] = stream.shape;
    const frame = Math.min(frames - 1, Math.floor(this.frame / step));
    const { bones } = this.clip.layout;
    const [a, b] = [new THREE.Vector3(), new THREE.Vector3()];
    for (let person = 0; person < persons; person++) {
      const tints = jointColours(this.clip.layout, person);
      const still = stream.name.startsWith("joint");
      if (stream.name !== "bone") {
        for (const [from, to] of bones) {
          const both = placeOf(this.clip, person, frame * step, from, a) &&
            placeOf(this.clip, person, frame * step, to, b);
          if (both) line(a, b, still ? tints[to] : colour("ghost"), still ? 2.6 : 1.6);
        }
      }
      if (still) continue;
      for (let joint = 0; joint < joints; joint++) {
        const at = ((person * frames + frame) * joints + joint) * channels;
        if (Number.isNaN(stream.values[at])) continue;
        const start = stream.name === "bone" ? a.set(0, 0, 0)
          : placeOf(this.clip, person, frame * step, joint, a);
        if (!start) continue;
        b.set(stream.values[at], stream.values[at + 1], channels > 2 ? stream.values[at + 2] : 0);
        line(a, b.multiplyScalar(gain).add(a), tints[joint], 2.2);
      }
    }
  }
}

/** What makes a stream's vectors as long as a fifth of the picture, bones as long as most of it. */
function gainOf(stream, half) {
  const lengths = magnitudes(stream).filter((value) => value > 0).sort();
  const large = lengths[Math.floor(lengths.length * 0.98)] || half;
  return (stream.name === "bone" ? 0.85 : 0.35) / large;
}

/** The length of every vector, 0 where there is none. */
function magnitudes({ shape, values }) {
  const [persons, frames, joints, channels] = shape;
  const found = new Float32Array(persons * frames * joints);
  for (let row = 0; row < found.length; row++) {
    let sum = 0;
    for (let axis = 0; axis < Math.min(3, channels); axis++) sum += values[row * channels + axis] ** 2;
    found[row] = Number.isNaN(sum) ? 0 : Math.sqrt(sum);
  }
  return found;
}

/** How far each vector is from its joint's mean over the clip. */
function departures({ shape, values }) {
  const [persons, frames, joints, channels] = shape;
  const found = new Float32Array(persons * frames * joints);
  const size = Math.min(3, channels);
  for (let person = 0; person < persons; person++) {
    for (let joint = 0; joint < joints; joint++) {
      const at = (frame) => ((person * frames + frame) * joints + joint) * channels;
      const mean = [0, 0, 0];
      let count = 0;
      for (let frame = 0; frame < frames; frame++) {
        if (Number.isNaN(values[at(frame)])) continue;
        count++;
        for (let axis = 0; axis < size; axis++) mean[axis] += values[at(frame) + axis];
      }
      for (let frame = 0; frame < frames; frame++) {
        let sum = 0;
        for (let axis = 0; axis < size; axis++) sum += (values[at(frame) + axis] - mean[axis] / count) ** 2;
        found[at(frame) / channels] = Number.isNaN(sum) ? 0 : Math.sqrt(sum);
      }
    }
  }
  return found;
}

/** A row a joint, a column a frame, the darker the more; persons one below the other. */
function paintStrip(canvas, stream) {
  const [persons, frames, joints] = stream.shape;
  const amounts = STILL.has(stream.name) ? departures(stream) : magnitudes(stream);
  const sorted = amounts.slice().sort();
  const most = sorted[Math.floor(0.99 * (sorted.length - 1))] || 1;
  const columns = Math.min(frames, 1200);
  Object.assign(canvas, { width: columns, height: persons * joints });
  const pen = canvas.getContext("2d");
  const picture = pen.createImageData(columns, persons * joints);
  const [low, high] = [rgb(colour("strip-none")), rgb(colour("strip-most"))];
  for (let column = 0; column < columns; column++) {
    const frame = Math.floor((column * frames) / columns);
    for (let person = 0; person < persons; person++) {
      for (let joint = 0; joint < joints; joint++) {
        const share = Math.sqrt(Math.min(1, amounts[(person * frames + frame) * joints + joint] / most));
        const at = ((person * joints + joint) * columns + column) * 4;
        for (let k = 0; k < 3; k++) picture.data[at + k] = low[k] + share * (high[k] - low[k]);
        picture.data[at + 3] = 255;
      }
    }
  }
  pen.putImageData(picture, 0, 0);
}

const rgb = (word) => [1, 3, 5].map((at) => parseInt(word.slice(at, at + 2), 16));
