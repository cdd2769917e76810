// The clock of a clip: which frame is shown.

export class Player {
  constructor() {
    this.frames = 1;
    this.fps = 30;
    this.speed = 1;
    this.frame = 0;
    this.playing = false;
    this.listeners = [];
    this.last = 0;
    requestAnimationFrame((now) => this.tick(now));
  }

  /** Calls back with the frame whenever it or the playing changes. */
  listen(callback) {
    this.listeners.push(callback);
  }

  open(frames, fps) {
    Object.assign(this, { frames, fps, frame: 0, last: 0 });
    this.playing = frames > 1 && !matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.tell();
  }

  toggle() {
    this.playing = !this.playing && this.frames > 1;
    this.last = 0;
    this.tell();
  }

  /** Stops at a frame. */
  hold(frame) {
    this.playing = false;
    this.go(frame);
  }

  go(frame) {
    this.frame = Math.max(0, Math.min(this.frames - 1, Math.round(frame)));
    this.tell();
  }

  tell() {
    for (const callback of this.listeners) callback(this.frame, this.playing);
  }

  tick(now) {
    const step = 1000 / (this.fps * this.speed);
    if (!this.last || now - this.last > 1000) this.last = now;
    if (this.playing && now - this.last >= step) {
      const many = Math.floor((now - this.last) / step);
      this.last += many * step;
      this.frame = (this.frame + many) % this.frames;
      this.tell();
    }
    requestAnimationFrame((later) => this.tick(later));
  }
}
