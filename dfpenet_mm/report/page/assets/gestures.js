// Mouse, pen and fingers on the map: one drags it, two zoom it, a short touch chooses.

const TAP_PX = 5;
// A wheel's notch, at most; a touchpad sends many small ones.
const NOTCH_PX = 60;
const ZOOM_PER_PX = 0.005;
const LINE_PX = 20;

class Gestures {
  constructor(map, {onTap, onHover, onMove}) {
    Object.assign(this, {map, onTap, onHover, onMove});
    this.held = new Map();
    const listeners = {
      pointerdown: event => this.press(event),
      pointermove: event => this.move(event),
      pointerup: event => this.lift(event),
      pointercancel: event => this.held.delete(event.pointerId),
      pointerleave: () => onHover(null),
      wheel: event => this.turn(event),
    };
    for (const [name, listener] of Object.entries(listeners)) {
      map.canvas.addEventListener(name, listener, {passive: false});
    }
  }

  pixel(event) {
    const {left, top} = this.map.canvas.getBoundingClientRect();
    return [event.clientX - left, event.clientY - top];
  }

  press(event) {
    if (event.button !== 0) return;
    this.map.canvas.setPointerCapture(event.pointerId);
    this.held.set(event.pointerId, this.pixel(event));
    this.start = this.held.size === 1 ? this.pixel(event) : null;
  }

  move(event) {
    const pixel = this.pixel(event);
    if (!this.held.has(event.pointerId)) {
      const [x, y] = this.map.place(pixel);
      this.onMove(x, y);
      if (event.pointerType !== 'touch') this.onHover(this.map.under(x, y), ...pixel);
      return;
    }
    // A hand is never quite still.
    if (this.start && apart(this.start, pixel) < TAP_PX) return;
    this.start = null;
    this.onHover(null);
    const before = this.grip();
    this.held.set(event.pointerId, pixel);
    const after = this.grip();
    this.map.drag(after.middle[0] - before.middle[0], after.middle[1] - before.middle[1]);
    if (before.spread && after.spread) this.map.zoom(before.spread / after.spread, after.middle);
  }

  // The middle of what is held, and how far two fingers are apart.
  grip() {
    const [one, other = one] = this.held.values();
    return {
      middle: [(one[0] + other[0]) / 2, (one[1] + other[1]) / 2],
      spread: apart(one, other),
    };
  }

  lift(event) {
    if (!this.held.delete(event.pointerId) || !this.start) return;
    const [x, y] = this.map.place(this.start);
    this.start = null;
    // A finger has no cursor: its tap tells the place.
    this.onMove(x, y);
    this.onTap(this.map.under(x, y));
  }

  // With a plain wheel the page scrolls on.
  turn(event) {
    if (!event.ctrlKey) return;
    event.preventDefault();
    const turned = event.deltaY * (event.deltaMode === WheelEvent.DOM_DELTA_LINE ? LINE_PX : 1);
    const notch = Math.min(Math.max(turned, -NOTCH_PX), NOTCH_PX);
    this.map.zoom(Math.exp(notch * ZOOM_PER_PX), this.pixel(event));
  }
}

function apart(one, other) {
  return Math.hypot(one[0] - other[0], one[1] - other[1]);
}
