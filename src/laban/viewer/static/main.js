// The page: what is open, and who is told about it.

import { ask, askStream, upload } from "./api.js";
import { Attention } from "./attention.js";
import { Browser } from "./browse.js";
import { Probabilities, Timeline } from "./charts.js";
import { legend } from "./colours.js";
import { Player } from "./player.js";
import { Stage } from "./stage.js";
import { Streams } from "./streams.js";

const $ = (id) => document.getElementById(id);
const say = (words) => {
  $("status").textContent = words;
};

const player = new Player();
const stage = new Stage($("stage"), $("marks"));
const hold = (frame) => player.hold(frame);
const attention = new Attention($("attention"), stage);
const probabilities = new Probabilities($("probabilities"), hold);
const timeline = new Timeline($("timeline"), hold);
const streams = new Streams($("streams"), stage);
const browser = new Browser($("browser"));
let about;
let opening = new AbortController();

player.listen((frame, playing) => {
  stage.show(frame);
  probabilities.show(frame);
  timeline.show(frame);
  streams.show(frame);
  attention.at(frame, playing);
  $("scrub").value = frame;
  $("play").textContent = playing ? "Pause" : "Play";
  const seconds = (count) => (count / player.fps).toFixed(2);
  $("clock").textContent = `${seconds(frame)} of ${seconds(player.frames - 1)} s`;
  $("scrub").setAttribute("aria-valuetext", `frame ${frame + 1} of ${player.frames}`);
});

async function open(shelf, number) {
  opening.abort();
  opening = new AbortController();
  const { signal } = opening;
  const address = `/view/${encodeURIComponent(shelf)}/clips/${number}`;
  try {
    const clip = await ask(address, {}, signal);
    const joints = await askStream(address, "joint", signal);
    $("empty").hidden = true;
    document.querySelector("main").hidden = false;
    show(clip, joints);
    browser.mark(shelf, number);
    say("");
    await Promise.all([
      attention.open(address, clip.skeleton, about, signal),
      judge(address, clip, signal),
      streams.open(address, stage.clip, hold, signal),
    ]);
    document.body.dataset.ready = `${shelf}/${number}`;
  } catch (error) {
    if (error.name === "AbortError") return;
    say(error.message);
    if (error.name !== "Error") throw error; // a fault of the page, not an answer
  }
}

/** A clip on the stage. */
function show(clip, joints) {
  clip.skeleton.head = clip.skeleton.joints.findIndex((name) => name.toLowerCase() === "head");
  stage.open({ ...joints, layout: clip.skeleton });
  $("name").textContent = clip.name;
  const count = `${clip.frames.toLocaleString("en")} frames at ${+clip.fps.toFixed(2)} a second`;
  const facts = Object.entries(clip.facts).map(([fact, value]) => `${fact} ${value}`);
  const persons = clip.persons === 1 ? "one person" : `${clip.persons} persons`;
  $("facts").textContent = [clip.label, count, persons, clip.skeleton.name, ...facts].filter(Boolean).join(" · ");
  $("stage").setAttribute("aria-label", `Moving stick figure of ${clip.name}`);
  $("scrub").max = clip.frames - 1;
  $("follow").checked = stage.follows;
  sides();
  player.open(clip.frames, clip.fps);
}

/** What colours mean. */
function sides() {
  const { layout, shape } = stage.clip;
  const persons = Array.from({ length: shape[0] }, (_, person) => person);
  const entries = legend(layout, persons).map(([words, colours]) => {
    const item = document.createElement("li");
    const paired = colours.length > 1;
    if (paired && persons.length > 1) item.append(words);
    for (const [k, tint] of colours.entries()) {
      const swatch = document.createElement("i");
      swatch.style.background = tint;
      item.append(swatch);
      item.append(!paired ? words : k ? "right" : "left");
    }
    return item;
  });
  $("legend").replaceChildren(...entries);
}

/** What the network makes of a clip. */
async function judge(address, clip, signal) {
  probabilities.close();
  timeline.close();
  $("top").replaceChildren();
  $("verdict").textContent = "The network is asked …";
  $("said").setAttribute("aria-busy", "true");
  try {
    const found = await ask(`${address}/probabilities`, {}, signal);
    probabilities.open(clip, found);
    timeline.open(clip, found);
    probabilities.show(player.frame);
    $("probabilities").querySelector(".note").textContent = found.whole
      ? "Of the last two seconds before each moment, as in live use; the prediction is of the whole clip."
      : "Of each frame, from the window around it.";
    told(found);
    browser.note(address, found);
  } catch (error) {
    if (error.name === "AbortError") return;
    $("verdict").textContent = error.message;
    if (error.name !== "Error") throw error;
  } finally {
    $("said").removeAttribute("aria-busy");
  }
}

function told(found) {
  const { whole, truth, right, segments, truths } = found;
  $("verdict").className = right === null ? "" : right ? "right" : "wrong";
  if (!whole) {
    const count = `${segments.length} ${segments.length === 1 ? "action" : "actions"} found`;
    $("verdict").textContent = truths.length ? `${count}; the recording has ${truths.length}.` : `${count}.`;
    $("top").replaceChildren(...segments.map(segment));
    return;
  }
  $("verdict").textContent = right === null ? `${whole.label}.`
    : right ? `✓ ${whole.label} is right.` : `✗ ${whole.label}; it is ${truth}.`;
  $("top").replaceChildren(...whole.top5.map(([name, share]) => {
    const item = document.createElement("li");
    const [words, value, track] = ["span", "b", "i"].map((tag) => document.createElement(tag));
    words.textContent = name;
    words.className = name === truth ? "true" : "";
    value.textContent = `${(100 * share).toFixed(1)} %`;
    track.style.setProperty("--share", share);
    item.append(words, value, track);
    return item;
  }));
}

/** A found segment; pressed it goes there. */
function segment([name, start, end, sure]) {
  const item = document.createElement("li");
  const button = document.createElement("button");
  const value = document.createElement("b");
  const seconds = (frame) => (frame / player.fps).toFixed(1);
  button.type = "button";
  button.className = "plain";
  value.textContent = `${seconds(start)} to ${seconds(end)} s · ${(100 * sure).toFixed(0)} %`;
  button.append(name, value);
  button.addEventListener("click", () => hold(start));
  item.append(button);
  return item;
}

async function go() {
  const [shelf, number] = location.hash.slice(1).split("/");
  if (!/^[\w-]+$/.test(shelf) || !/^\d+$/.test(number ?? "")) return;
  try {
    if (shelf !== browser.shelf) await list(shelf, Number(number));
  } catch (error) {
    say(error.message);
    return;
  }
  // On a narrow page the list gives way to what was chosen from it.
  document.body.classList.remove("browsing");
  $("clips-toggle").setAttribute("aria-expanded", "false");
  open(shelf, Number(number));
}

/** The list of a shelf, at the page of one of its clips. */
async function list(shelf, number = 0) {
  await browser.show(shelf, about, number);
  document.body.classList.add("has-clips");
}

async function beside(step) {
  const number = await browser.beside(step);
  if (number !== null) location.hash = `${browser.shelf}/${number}`;
}

async function take(file) {
  if (!file) return;
  say(`Reading ${file.name} …`);
  try {
    const kept = await upload(file);
    await list(kept.shelf);
    location.hash = `${kept.shelf}/0`;
    const left = kept.skipped.length;
    say(left ? `${kept.clips} clips; ${left} left out, such as: ${kept.skipped[0]}` : "");
  } catch (error) {
    say(error.message);
  }
}

function keys(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || !stage.clip) return;
  // What a control does with a key of its own stays its own.
  const on = event.target.closest("input, select, textarea, button, a");
  const moves = /^(Arrow|Home|End)/.test(event.key) && on?.matches("[type=range], [type=radio]");
  const presses = event.key === " " && on && on.id !== "scrub";
  if (moves || presses || on?.matches("select, textarea, [type=search]")) return;
  const far = event.shiftKey ? 10 : 1;
  const acts = {
    " ": () => player.toggle(),
    ArrowRight: () => hold(player.frame + far),
    ArrowLeft: () => hold(player.frame - far),
    Home: () => hold(0),
    End: () => hold(player.frames - 1),
    r: () => stage.reset(),
    n: () => beside(1),
    p: () => beside(-1),
  };
  const act = acts[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (!act) return;
  event.preventDefault();
  act();
}

function wire() {
  $("play").addEventListener("click", () => player.toggle());
  $("back").addEventListener("click", () => hold(player.frame - 1));
  $("forth").addEventListener("click", () => hold(player.frame + 1));
  $("scrub").addEventListener("input", () => hold(Number($("scrub").value)));
  $("speed").addEventListener("change", () => {
    player.speed = Number($("speed").value);
  });
  $("reset").addEventListener("click", () => stage.reset());
  $("follow").addEventListener("change", () => stage.follow($("follow").checked));
  $("file").addEventListener("change", () => take($("file").files[0]));
  $("clips-toggle").addEventListener("click", () => {
    const shown = document.body.classList.toggle("browsing");
    $("clips-toggle").setAttribute("aria-expanded", String(shown));
  });
  addEventListener("keydown", keys);
  addEventListener("hashchange", go);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    stage.theme();
    streams.theme();
    if (stage.clip) sides();
  });
}

async function begin() {
  wire();
  about = await ask("/view");
  $("about").textContent = [about.encoder, `${about.stream} stream`, about.benchmark].filter(Boolean).join(" · ");
  streams.offer(about.streams, about.stream);
  if (location.hash.length > 1) await go();
  if (browser.shelf || !about.store) return;
  await list(about.store);
  if (browser.rows.length) location.hash = `${about.store}/${browser.rows[0].number}`;
}

begin().catch((error) => say(error.message));
