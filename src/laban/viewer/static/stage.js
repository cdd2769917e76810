// The stage: a clip in 3D, seen from where the camera stood, turned by hand.
//
// Poses are right-handed with y up, x to the sensor's left and z away from it. Three's axes are
// right-handed too, so nothing is mirrored when the eye looks along +z: who faces the camera has
// the left hand on the right of the picture, as in a photograph.

import * as THREE from "./three/three.module.min.js";
import { OrbitControls } from "./three/OrbitControls.js";
import { Bodies, boxOf, measure, placeOf } from "./bodies.js";
import { colour, jointColours } from "./colours.js";

const OPENING = 32; // degrees from top to bottom
const SMALL = 0.6; // share of a clip's extent below which a body is followed

export class Stage {
  constructor(canvas, marks) {
    this.canvas = canvas;
    this.marks = marks;
    this.renderer = new THREE.WebGLRenderer({ canvas, antialias: true, alpha: true });
    this.renderer.setPixelRatio(Math.min(2, devicePixelRatio || 1));
    this.scene = new THREE.Scene();
    this.camera = new THREE.PerspectiveCamera(OPENING, 1, 0.01, 100);
    this.light = new THREE.DirectionalLight(0xffffff, 1.9);
    this.sky = new THREE.HemisphereLight(0xffffff, 0xb8bdc6, 2.3);
    this.scene.add(this.light, this.sky);
    this.bodies = new Bodies(this.scene);
    this.controls = new OrbitControls(this.camera, canvas);
    this.controls.enablePan = false;
    this.controls.minDistance = 0.8;
    this.controls.maxDistance = 14;
    this.controls.addEventListener("change", () => this.draw());
    this.frame = 0;
    this.follows = false;
    this.turned = [];
    new ResizeObserver(() => this.resize()).observe(canvas.parentElement);
  }

  /** Calls back when the view has changed, with the camera. */
  listen(callback) {
    this.turned.push(callback);
  }

  open(clip) {
    measure(clip);
    this.clip = clip;
    this.bodies.open(clip, this.colours());
    this.lay();
    this.name();
    this.frame = 0;
    this.follows = this.clip.body < SMALL;
    this.resize();
    this.reset();
  }

  colours() {
    return Array.from({ length: this.clip.shape[0] }, (_, person) =>
      jointColours(this.clip.layout, person));
  }

  /** A floor below the lowest joint, for clips in space. */
  lay() {
    if (this.floor) {
      this.scene.remove(this.floor);
      this.floor.geometry.dispose();
      this.floor.material.dispose();
    }
    const points = [];
    const [, y] = this.clip.reach;
    for (let i = -5; i <= 5; i++) {
      const at = (i / 5) * 1.5;
      points.push(at, -y, -1.5, at, -y, 1.5, -1.5, -y, at, 1.5, -y, at);
    }
    const lines = new THREE.BufferGeometry();
    lines.setAttribute("position", new THREE.Float32BufferAttribute(points, 3));
    this.floor = new THREE.LineSegments(lines, new THREE.LineBasicMaterial());
    this.floor.material.color.set(colour("floor"));
    this.floor.visible = !this.clip.flat;
    this.scene.add(this.floor);
  }

  /** L and R at the ends of the arms, so that sides need no colours. */
  name() {
    const { layout, shape } = this.clip;
    this.marks.replaceChildren();
    this.named = [];
    if (!layout.sided) return;
    for (const side of ["left", "right"]) {
      const arm = layout.joints.map((joint, k) => [joint, k]).filter(([, k]) =>
        layout.side[k] === side && layout.part[k].includes("arm"));
      const end = arm.find(([joint]) => /^hand-(left|right)$/.test(joint)) ??
        arm.find(([joint]) => joint.includes("wrist")) ?? arm.at(-1);
      if (!end) continue;
      for (let person = 0; person < shape[0]; person++) {
        const mark = document.createElement("span");
        mark.textContent = side[0].toUpperCase();
        this.marks.append(mark);
        this.named.push({ mark, person, joint: end[1] });
      }
    }
  }

  theme() {
    if (!this.clip) return;
    this.floor.material.color.set(colour("floor"));
    this.bodies.paint(this.colours());
    this.draw();
  }

  /** Keeps the bodies of a frame in the middle, as large as they fit, or shows all of the way. */
  follow(on) {
    this.follows = on;
    this.reset();
  }

  /** Back to where the camera stood, a little higher. */
  reset() {
    const [x, y, z] = this.follows ? Array(3).fill(this.clip.body) : this.clip.reach;
    const open = Math.tan((OPENING / 2) * (Math.PI / 180));
    const far = Math.max(y / open, x / (open * this.camera.aspect)) * 1.16 + z;
    const high = this.clip.flat ? 0 : 0.2;
    const middle = this.follows ? this.centre() : new THREE.Vector3();
    this.controls.target.copy(middle);
    this.camera.position.set(0, far * Math.sin(high), -far * Math.cos(high)).add(middle);
    this.controls.update();
    this.draw();
  }

  /** The middle of the frame's bodies; the last one where nobody is. */
  centre() {
    const box = boxOf(this.clip, this.frame);
    return box.isEmpty() ? this.controls.target.clone() : box.getCenter(new THREE.Vector3());
  }

  resize() {
    const { clientWidth, clientHeight } = this.canvas.parentElement;
    if (!clientWidth || !clientHeight) return;
    this.renderer.setSize(clientWidth, clientHeight, false);
    this.camera.aspect = clientWidth / clientHeight;
    this.camera.updateProjectionMatrix();
    this.draw();
  }

  show(frame) {
    this.frame = frame;
    if (this.clip && this.follows) {
      const way = this.centre().sub(this.controls.target);
      this.controls.target.add(way);
      this.camera.position.add(way);
    }
    this.draw();
  }

  link(links) {
    if (!this.clip) return;
    this.bodies.link(links);
    this.draw();
  }

  draw() {
    if (!this.clip) return;
    this.bodies.show(this.frame);
    // The light comes with the eye, from the left and above.
    this.light.position.set(-1.2, 1.6, 1).applyQuaternion(this.camera.quaternion);
    this.renderer.render(this.scene, this.camera);
    this.mark();
    for (const callback of this.turned) callback();
  }

  mark() {
    const at = new THREE.Vector3();
    const { clientWidth, clientHeight } = this.canvas;
    for (const { mark, person, joint } of this.named) {
      const there = placeOf(this.clip, person, this.frame, joint, at);
      mark.hidden = !there;
      if (!there) continue;
      at.project(this.camera);
      const x = (at.x + 1) * 0.5 * clientWidth;
      const y = (1 - at.y) * 0.5 * clientHeight;
      mark.style.transform = `translate(${x.toFixed(1)}px, ${y.toFixed(1)}px)`;
    }
  }
}
