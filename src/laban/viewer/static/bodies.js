// Bodies of a clip in space: joints as balls, bones as rods, attention as tapered rods.

import * as THREE from "./three/three.module.min.js";

const UP = new THREE.Vector3(0, 1, 0);
const HIDDEN = new THREE.Matrix4().makeScale(0, 0, 0);

/** A joint's place in the unit cube, or null where it was not seen. */
export function placeOf(clip, person, frame, joint, out) {
  const [, frames, joints, channels] = clip.shape;
  const at = ((person * frames + frame) * joints + joint) * channels;
  const x = clip.values[at];
  if (Number.isNaN(x)) return null;
  const z = channels > 2 ? clip.values[at + 2] : 0;
  return out.set(x, clip.values[at + 1], z).sub(clip.middle).divideScalar(clip.half);
}

/** Finds the middle and half the extent of a clip, by all but its outermost joints. */
export function measure(clip) {
  const [persons, frames, joints, channels] = clip.shape;
  const every = Math.max(1, Math.floor((persons * frames * joints) / 60000));
  const axes = [[], [], []];
  for (let row = 0; row < persons * frames * joints; row += every) {
    const at = row * channels;
    if (Number.isNaN(clip.values[at])) continue;
    for (let axis = 0; axis < 3; axis++) axes[axis].push(axis < channels ? clip.values[at + axis] : 0);
  }
  const ends = axes.map((values) => {
    const sorted = Float64Array.from(values).sort();
    const at = (share) => sorted[Math.round(share * (sorted.length - 1))] ?? 0;
    return [at(0.003), at(0.997)];
  });
  clip.middle = new THREE.Vector3(...ends.map(([low, high]) => (low + high) / 2));
  clip.half = Math.max(...ends.map(([low, high]) => (high - low) / 2), 1e-6);
  clip.reach = ends.map(([low, high]) => (high - low) / 2 / clip.half);
  clip.flat = channels < 3;
  clip.body = 0;
  for (let frame = 0; frame < frames; frame += Math.max(1, Math.floor(frames / 100))) {
    const size = boxOf(clip, frame).getSize(new THREE.Vector3());
    clip.body = Math.max(clip.body, size.x / 2, size.y / 2, size.z / 2);
  }
}

/** What all bodies of a frame fill. */
export function boxOf(clip, frame) {
  const [persons, , joints] = clip.shape;
  const box = new THREE.Box3();
  const at = new THREE.Vector3();
  for (let person = 0; person < persons; person++) {
    for (let joint = 0; joint < joints; joint++) {
      if (placeOf(clip, person, frame, joint, at)) box.expandByPoint(at);
    }
  }
  return box;
}

export class Bodies {
  constructor(scene) {
    this.group = new THREE.Group();
    scene.add(this.group);
    this.a = new THREE.Vector3();
    this.b = new THREE.Vector3();
    this.matrix = new THREE.Matrix4();
    this.turn = new THREE.Quaternion();
    this.size = new THREE.Vector3();
    this.along = new THREE.Vector3();
    this.links = [];
  }

  /** Makes the meshes of a clip; colours are a list of joints' colours for each person. */
  open(clip, colours) {
    this.group.children.slice().forEach((mesh) => this.remove(mesh));
    this.clip = clip;
    const [persons, , joints] = clip.shape;
    this.thick = (clip.layout.sided ? 0.017 : 0.022) * (joints > 30 ? 0.8 : 1);
    const ball = new THREE.SphereGeometry(1, 20, 14);
    const rod = new THREE.CylinderGeometry(1, 1, 1, 14, 1, true);
    this.joints = this.mesh(ball, persons * joints);
    this.bones = this.mesh(rod, persons * clip.layout.bones.length);
    this.links = [];
    this.linked = this.mesh(new THREE.CylinderGeometry(1, 0.15, 1, 10, 1, false), 96, true);
    this.paint(colours);
  }

  mesh(geometry, count, glow = false) {
    const material = glow
      ? new THREE.MeshBasicMaterial({ transparent: true, opacity: 0.75 })
      : new THREE.MeshLambertMaterial();
    const mesh = new THREE.InstancedMesh(geometry, material, Math.max(1, count));
    mesh.frustumCulled = false;
    this.group.add(mesh);
    return mesh;
  }

  remove(mesh) {
    this.group.remove(mesh);
    mesh.geometry.dispose();
    mesh.material.dispose();
    mesh.dispose();
  }

  paint(colours) {
    const tint = new THREE.Color();
    const { bones } = this.clip.layout;
    colours.forEach((own, person) => {
      own.forEach((word, joint) => this.joints.setColorAt(person * own.length + joint, tint.set(word)));
      bones.forEach(([, child], bone) =>
        this.bones.setColorAt(person * bones.length + bone, tint.set(own[child])));
    });
    this.joints.instanceColor.needsUpdate = true;
    if (this.bones.instanceColor) this.bones.instanceColor.needsUpdate = true;
  }

  /** Attention to draw: rows {person, from, to, weight (0 to 1), colour}. */
  link(links) {
    this.links = links.slice(0, 96);
    const tint = new THREE.Color();
    this.links.forEach((one, row) => this.linked.setColorAt(row, tint.set(one.colour)));
    if (this.linked.instanceColor) this.linked.instanceColor.needsUpdate = true;
  }

  rod(mesh, row, from, to, thick) {
    this.along.subVectors(to, from);
    const length = this.along.length();
    if (length < 1e-9) {
      mesh.setMatrixAt(row, HIDDEN);
      return;
    }
    this.turn.setFromUnitVectors(UP, this.along.divideScalar(length));
    this.size.set(thick, length, thick);
    this.matrix.compose(this.a.clone().add(to).multiplyScalar(0.5), this.turn, this.size);
    mesh.setMatrixAt(row, this.matrix);
  }

  show(frame) {
    const { clip } = this;
    const [persons, , joints] = clip.shape;
    const { bones, head } = clip.layout;
    const still = new THREE.Quaternion();
    for (let person = 0; person < persons; person++) {
      for (let joint = 0; joint < joints; joint++) {
        const at = placeOf(clip, person, frame, joint, this.a);
        if (at) {
          const radius = this.thick * (joint === head ? 2.6 : 1.35);
          this.matrix.compose(at, still, this.size.setScalar(radius));
        }
        this.joints.setMatrixAt(person * joints + joint, at ? this.matrix : HIDDEN);
      }
      bones.forEach(([parent, child], bone) => {
        const row = person * bones.length + bone;
        const from = placeOf(clip, person, frame, parent, this.a);
        const to = placeOf(clip, person, frame, child, this.b);
        if (from && to) this.rod(this.bones, row, from, to, this.thick);
        else this.bones.setMatrixAt(row, HIDDEN);
      });
    }
    for (let row = 0; row < this.linked.count; row++) {
      const link = this.links[row];
      const from = link && placeOf(clip, link.person, frame, link.from, this.a);
      const to = link && placeOf(clip, link.person, frame, link.to, this.b);
      if (from && to) this.rod(this.linked, row, from, to, 0.002 + 0.011 * link.weight);
      else this.linked.setMatrixAt(row, HIDDEN);
    }
    for (const mesh of [this.joints, this.bones, this.linked]) mesh.instanceMatrix.needsUpdate = true;
  }
}
