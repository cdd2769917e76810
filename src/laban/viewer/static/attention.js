// The attention of a layer and head, chosen by hand and drawn between joints.

import { ask } from "./api.js";
import { colour } from "./colours.js";

const SHOWN = 32; // links of a person, the strongest
const CHOOSE = "What each joint takes from the others; choose a layer.";

export class Attention {
  constructor(section, stage) {
    this.stage = stage;
    this.section = section;
    for (const name of ["layer", "head", "joint"]) this[name] = section.querySelector(`#${name}`);
    this.note = section.querySelector("#attention-note");
    this.layer.addEventListener("change", () => this.load());
    this.head.addEventListener("change", () => {
      this.kept = Number(this.head.value);
      this.draw();
    });
    this.joint.addEventListener("change", () => this.draw());
  }

  async open(address, layout, about, signal) {
    Object.assign(this, { address, layout, signal, found: null });
    this.name(about.layers);
    this.section.querySelector(".row").hidden = !about.layers.length;
    this.local = about.task === "detection";
    const joints = ["all joints", ...layout.joints].map((name, k) => new Option(name, k - 1));
    this.joint.replaceChildren(...joints);
    this.head.replaceChildren(new Option("–"));
    this.head.disabled = this.joint.disabled = true;
    this.note.textContent = about.no_attention || CHOOSE;
    if (this.layer.value) await this.load();
  }

  /** Asks again where the network looks at a window around the frame. */
  at(frame, playing) {
    this.frame = frame;
    if (!this.local || playing || !this.found || Math.abs(frame - this.asked) < 1) return;
    clearTimeout(this.later);
    this.later = setTimeout(() => this.load(), 250);
  }

  async load() {
    const layer = Number(this.layer.value);
    this.head.disabled = this.joint.disabled = !layer;
    if (!layer) {
      this.found = null;
      this.stage.link([]);
      this.note.textContent = CHOOSE;
      return;
    }
    const { address, signal } = this;
    this.asked = this.frame ?? 0;
    try {
      const found = await ask(`${address}/attention`, { layer, frame: this.asked }, signal);
      if (address !== this.address) return;
      this.take(found);
    } catch (error) {
      if (error.name === "AbortError") return;
      this.found = null;
      this.stage.link([]);
      this.note.textContent = error.message;
    }
  }

  take(found) {
    this.found = found;
    const head = Math.min(this.kept ?? 0, found.heads - 1);
    const heads = Array.from({ length: found.heads }, (_, k) => new Option(`${k + 1} of ${found.heads}`, k));
    this.head.replaceChildren(...heads);
    this.head.value = head;
    this.draw();
  }

  name(layers) {
    if (this.layer.length === layers.length + 1) return;
    const options = layers.map((name, k) => new Option(name, k + 1));
    this.layer.replaceChildren(new Option("off", ""), ...options);
  }

  draw() {
    if (!this.found) return;
    const { maps, persons } = this.found;
    const joints = this.layout.joints.length;
    const only = Number(this.joint.value);
    const links = [];
    maps.forEach((heads, row) => {
      const map = heads[Number(this.head.value)];
      const found = [];
      for (let to = 0; to < joints; to++) {
        if (only >= 0 && to !== only) continue;
        for (let from = 0; from < joints; from++) {
          if (from !== to) found.push({ person: persons[row], from, to, value: map[to * joints + from] });
        }
      }
      found.sort((a, b) => Math.abs(b.value) - Math.abs(a.value));
      links.push(...found.slice(0, SHOWN));
    });
    const most = Math.max(1e-9, ...links.map((link) => Math.abs(link.value)));
    for (const link of links) {
      link.weight = Math.abs(link.value) / most;
      link.colour = colour(link.value < 0 ? "takes-less" : "takes");
    }
    this.stage.link(links);
    const signs = links.some((link) => link.value < 0);
    this.note.textContent = `The ${SHOWN} strongest links of a person, thin where a joint gives and ` +
      `thick where one takes; the strongest is ${most.toFixed(2)}.` +
      (signs ? " Pink adds, grey takes away." : "");
  }
}
