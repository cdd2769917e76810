"""One self-contained page that plays a clip: canvas, no other host, light and dark.

Drag turns the figure, the wheel zooms, space plays and pauses, arrow keys step; all sizes come
from the clip's own extent.
"""

import html
import json

import numpy as np

from laban.clip import Clip

__all__ = ["page"]

_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>@TITLE@</title>
<style>
:root {
  color-scheme: light dark; --paper: #fbfaf7; --ink: #26251f; --faint: #6d6a60; --grid: #dfdcd3;
}
@media (prefers-color-scheme: dark) {
  :root { --paper: #17181b; --ink: #ecebe6; --faint: #a3a19a; --grid: #34353a; }
}
body { margin: 0; background: var(--paper); color: var(--ink); }
body { font: 16px/1.4 system-ui, sans-serif; }
main { max-width: @SIZE@px; margin: 0 auto; padding: 12px; }
h1 { font-size: 1.1rem; margin: 0 0 8px; }
canvas { width: 100%; aspect-ratio: 1; display: block; touch-action: none; cursor: grab; }
.bar { display: flex; gap: 10px; align-items: center; flex-wrap: wrap; }
input[type=range] { flex: 1; min-width: 120px; }
button, select { font: inherit; padding: 4px 12px; min-height: 34px; }
p { color: var(--faint); font-size: .85rem; margin: 8px 0; }
:focus-visible { outline: 3px solid #1f6fd6; outline-offset: 2px; }
</style>
<main>
<h1>@TITLE@</h1>
<canvas id="stage" tabindex="0" role="img" aria-label="Moving stick figure: @TITLE@"></canvas>
<div class="bar">
<button id="play" type="button">Pause</button>
<input id="scrub" type="range" min="0" value="0" aria-label="Frame">
<output id="count"></output>
<select id="speed" aria-label="Speed">
<option value="0.25">1/4</option><option value="0.5">1/2</option>
<option value="1" selected>1x</option><option value="2">2x</option></select>
</div>
<p>Drag to turn, wheel to zoom. Space plays and pauses, left and right arrows step, R turns back.
The person's left is drawn cool, the right warm.</p>
</main>
<script>
"use strict";
const clip = @DATA@;
const canvas = document.getElementById("stage"), pen = canvas.getContext("2d");
const play = document.getElementById("play"), scrub = document.getElementById("scrub");
const count = document.getElementById("count"), speed = document.getElementById("speed");
const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
let frame = 0, playing = !still, yaw = 0, lift = 0.2, zoom = 1, last = 0, held = null;
scrub.max = clip.frames - 1;
const ink = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function project(x, y, z) {
  const cy = Math.cos(yaw), sy = Math.sin(yaw), ce = Math.cos(lift), se = Math.sin(lift);
  const across = x * cy + z * sy, away = z * cy - x * sy;
  const k = canvas.width * 0.4 * zoom, half = canvas.width / 2;
  return [half + across * k, half - (y * ce + away * se) * k, away * ce - y * se];
}
function line(a, b, colour, width) {
  pen.strokeStyle = colour; pen.lineWidth = width; pen.lineCap = "round";
  pen.beginPath(); pen.moveTo(a[0], a[1]); pen.lineTo(b[0], b[1]); pen.stroke();
}
function floor(colour) {
  for (let i = -4; i <= 4; i++) {
    const at = i / 4 * 1.2;
    line(project(at, clip.floor, -1.2), project(at, clip.floor, 1.2), colour, 1);
    line(project(-1.2, clip.floor, at), project(1.2, clip.floor, at), colour, 1);
  }
}
function body(person, dark) {
  const flat = clip.poses[person][frame], joints = [];
  for (let j = 0; j * 3 < flat.length; j++) {
    const at = flat.slice(3 * j, 3 * j + 3);
    joints.push(at[0] === null ? null : project(at[0] / 10000, at[1] / 10000, at[2] / 10000));
  }
  const width = canvas.width * 0.011, strokes = [];
  for (const [a, b] of clip.bones) if (joints[a] && joints[b]) strokes.push([a, b]);
  strokes.sort((p, q) => joints[q[0]][2] + joints[q[1]][2] - joints[p[0]][2] - joints[p[1]][2]);
  pen.filter = dark ? "brightness(1.5)" : "none";
  for (const [a, b] of strokes) line(joints[a], joints[b], clip.colours[person][b], width);
  joints.forEach((at, j) => {
    if (!at) return;
    pen.fillStyle = clip.colours[person][j]; pen.beginPath();
    pen.arc(at[0], at[1], width * (j === clip.head ? 1.9 : 0.75), 0, 7); pen.fill();
  });
  pen.filter = "none";
}
function depth(person) {
  const flat = clip.poses[person][frame]; let sum = 0, n = 0;
  for (let j = 0; j < flat.length; j += 3) if (flat[j] !== null) {
    sum += project(flat[j] / 10000, flat[j + 1] / 10000, flat[j + 2] / 10000)[2]; n++;
  }
  return n ? sum / n : 0;
}
function draw() {
  const side = Math.round(canvas.clientWidth * (devicePixelRatio || 1));
  if (canvas.width !== side) canvas.width = canvas.height = side;
  pen.clearRect(0, 0, side, side);
  floor(ink("--grid"));
  const there = clip.poses.map((_, m) => m).filter((m) => clip.poses[m][frame]);
  there.sort((a, b) => depth(b) - depth(a));
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  for (const m of there) body(m, dark);
  scrub.value = frame; count.textContent = (frame + 1) + " / " + clip.frames;
}
function toggle() { playing = !playing; last = 0; play.textContent = playing ? "Pause" : "Play"; }
function hold(to) { if (playing) toggle(); go(to); }
function go(to) { frame = (to + clip.frames) % clip.frames; draw(); }
function tick(now) {
  const step = 1000 / (clip.fps * Number(speed.value));
  if (!last || now - last > 1000) last = now;
  if (playing && now - last >= step) {
    const many = Math.floor((now - last) / step);
    last += many * step; go(frame + many);
  }
  requestAnimationFrame(tick);
}
play.addEventListener("click", toggle);
play.textContent = playing ? "Pause" : "Play";
scrub.addEventListener("input", () => hold(Number(scrub.value)));
addEventListener("resize", draw);
addEventListener("keydown", (event) => {
  if (event.target === speed || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === " " && event.target !== play) toggle();
  else if (event.key === "ArrowRight" && event.target !== scrub) hold(frame + 1);
  else if (event.key === "ArrowLeft" && event.target !== scrub) hold(frame - 1);
  else if (event.key === "r" || event.key === "R") { yaw = 0; lift = 0.2; zoom = 1; draw(); }
  else return;
  event.preventDefault();
});
canvas.addEventListener("pointerdown", (event) => {
  held = [event.clientX, event.clientY]; canvas.setPointerCapture(event.pointerId);
});
canvas.addEventListener("pointermove", (event) => {
  if (!held) return;
  yaw += (event.clientX - held[0]) * 0.01;
  lift = Math.max(-1.5, Math.min(1.5, lift + (event.clientY - held[1]) * 0.01));
  held = [event.clientX, event.clientY]; draw();
});
for (const word of ["pointerup", "pointercancel"]) {
  canvas.addEventListener(word, () => { held = null; });
}
canvas.addEventListener("wheel", (event) => {
  zoom = Math.max(0.3, Math.min(6, zoom * Math.exp(-event.deltaY * 0.001)));
  event.preventDefault(); draw();
}, { passive: false });
draw(); requestAnimationFrame(tick);
</script>
</html>
"""


def _data(clip: Clip, poses: np.ndarray, colours: list, fps: float) -> dict:
    """Poses (M, T, V, 3) -> a JSON value: whole numbers of 1/10000 of half the clip's extent."""
    seen = poses[clip.present].reshape(-1, 3)
    seen = seen[(seen != 0).any(-1)]
    low, high = np.percentile(seen, (0.3, 99.7), axis=0)
    half = max(float((high - low).max()) / 2, 1e-6)
    whole = np.clip(np.rint((poses - (low + high) / 2) / half * 10000), -1e6, 1e6).astype(int)
    there = (poses != 0).any(-1)
    bodies: list[list] = []
    for m in range(clip.persons):
        frames: list = []
        for t in range(clip.frames):
            joints = zip(whole[m, t].tolist(), there[m, t].tolist(), strict=True)
            flat = [value for at, seen_ in joints for value in (at if seen_ else [None] * 3)]
            frames.append(flat if clip.present[m, t] else None)
        bodies.append(frames)
    heads = [j for j, joint in enumerate(clip.skeleton.joints) if joint.lower() == "head"]
    return {
        "frames": clip.frames,
        "fps": fps,
        "poses": bodies,
        "bones": [list(bone) for bone in clip.skeleton.bones],
        "colours": [list(person) for person in colours],
        "floor": float((low[1] - high[1]) / 2 / half),
        "head": heads[0] if heads else -1,
    }


def page(clip: Clip, poses: np.ndarray, colours: list, *, title: str, fps: float, size: int) -> str:
    """Poses (M, T, V, 3) of a clip -> an HTML page that plays them.

    Args:
        clip: For its skeleton and presence.
        poses: Finite coordinates, y up.
        colours: For each person the colour of each joint's bone, #rrggbb.
        title: Heading.
        fps: Playing speed.
        size: Largest width in pixels.
    """
    data = json.dumps(_data(clip, poses, colours, fps), separators=(",", ":"))
    data = data.replace("<", "\\u003c")
    parts = {"@SIZE@": str(size), "@DATA@": data, "@TITLE@": html.escape(title)}
    text = _PAGE
    for mark, part in parts.items():
        text = text.replace(mark, part)
    return text
