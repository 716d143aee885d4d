// The map: ranges of one scale, what is drawn at this scale, and what is under the pointer.

// With more outlines in view, a picture of all of them is shown instead.
const MOST_OUTLINES = 600;
// Outlines this much beyond the view are drawn too, so that a moved map has no bare rim.
const RIM = 0.25;
const LEAST_METRES = 40;
// A landslide that is looked at takes this share of the map.
const LOOK_SHARE = 0.25;
const LEAST_LOOK_METRES = 250;
const NEAR_PX = 4;
const REST_MS = 90;

class LandslideMap {
  constructor(bokehDocument, frame, layers, {onTap, onHover, onMove}) {
    this.layers = layers;
    this.width = frame.cols * frame.step[0];
    this.height = frame.rows * frame.step[1];
    this.frame = frame;
    this.model = name => bokehDocument.get_model_by_name(name);
    this.plot = this.model('plot');
    this.visible = new Map();
    this.overviews = new Map();
    this.listen(onTap, onHover, onMove);
    this.whole();
  }

  listen(onTap, onHover, onMove) {
    this.plot.js_event_callbacks = {
      mousemove: [
        event => {
          onMove(event.x, event.y);
          onHover(this.under(event.x, event.y), event.sx, event.sy);
        },
      ],
      mouseleave: [() => onHover(null)],
      // A finger has no cursor: its tap tells the place.
      tap: [
        event => {
          onMove(event.x, event.y);
          onTap(this.under(event.x, event.y));
        },
      ],
    };
    const {inner_width: width, inner_height: height} = this.plot.properties;
    for (const property of [width, height]) {
      property.change.connect(() => this.look(this.centre, this.metresPerPixel));
    }
    for (const range of [this.plot.x_range, this.plot.y_range]) {
      range.change.connect(() => this.schedule());
    }
  }

  // The smallest of the shown landslides at a place, with its layer; null without one.
  under(x, y) {
    const near = NEAR_PX * this.metresPerPixel;
    let best = null;
    for (const layer of this.layers.values()) {
      if (!this.visible.get(layer.name)) continue;
      const row = layer.at(x, y, near);
      if (row >= 0 && (best === null || layer.area(row) < best.layer.area(best.row))) {
        best = {layer, row};
      }
    }
    return best;
  }

  setVisible(name, visible) {
    this.visible.set(name, visible);
    const model = this.model(name);
    if (model && !this.layers.has(name)) model.visible = visible;
    this.schedule();
  }

  filter(layer) {
    this.overviews.delete(layer.name);
    this.schedule();
  }

  mark(layer, row) {
    const some = row >= 0;
    this.model('selected-source').data = {
      xs: some ? [layer.xs[row]] : [],
      ys: some ? [layer.ys[row]] : [],
    };
  }

  get size() {
    return [this.plot.inner_width || 600, this.plot.inner_height || 400];
  }

  get view() {
    const {x_range: x, y_range: y} = this.plot;
    return {left: x.start, right: x.end, bottom: y.start, top: y.end};
  }

  look(centre, metresPerPixel) {
    const [width, height] = this.size;
    const widest = 1.5 * Math.max(this.width / width, this.height / height);
    const scale = Math.min(Math.max(metresPerPixel, LEAST_METRES / width), widest);
    this.metresPerPixel = scale;
    this.centre = centre;
    const [x, y] = centre;
    const [across, up] = [(width * scale) / 2, (height * scale) / 2];
    this.plot.x_range.setv({start: x - across, end: x + across});
    this.plot.y_range.setv({start: y - up, end: y + up});
  }

  whole() {
    const [width, height] = this.size;
    const scale = Math.max(this.width / width, this.height / height);
    this.look([this.width / 2, this.height / 2], scale);
  }

  zoom(factor) {
    this.follow();
    this.look(this.centre, this.metresPerPixel * factor);
  }

  pan(across, up) {
    this.follow();
    const [width, height] = this.size;
    const [x, y] = this.centre;
    const scale = this.metresPerPixel;
    this.look([x + across * width * scale, y + up * height * scale], scale);
  }

  lookAt(layer, row) {
    const [left, bottom, right, top] = layer.box(row);
    if (!Number.isFinite(left)) return;
    const [width, height] = this.size;
    const scale = Math.max(
      Math.max(right - left, LEAST_LOOK_METRES) / (LOOK_SHARE * width),
      Math.max(top - bottom, LEAST_LOOK_METRES) / (LOOK_SHARE * height)
    );
    this.look([(left + right) / 2, (bottom + top) / 2], scale);
  }

  // Takes up where the user has moved the map to.
  follow() {
    const {left, right, bottom, top} = this.view;
    this.centre = [(left + right) / 2, (bottom + top) / 2];
    this.metresPerPixel = (right - left) / this.size[0];
  }

  schedule() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.draw(), REST_MS);
  }

  draw() {
    this.follow();
    for (const layer of this.layers.values()) this.drawLayer(layer);
    const layer = this.layers.get('landslides');
    const wanted = this.visible.get('landslides') && this.visible.get('numbers');
    const placed = wanted ? placeNumbers(layer, this.view, this.metresPerPixel) : [];
    this.model('numbers-source').data = {
      x: placed.map(number => number.x),
      y: placed.map(number => number.y),
      text: placed.map(number => number.text),
    };
  }

  drawLayer(layer) {
    const {left, right, bottom, top} = this.view;
    const [across, up] = [RIM * (right - left), RIM * (top - bottom)];
    const visible = Boolean(this.visible.get(layer.name));
    const rows = visible
      ? layer.inside(left - across, bottom - up, right + across, top + up)
      : [];
    const many = rows.length > MOST_OUTLINES;
    const key = many ? 'many' : rows.join();
    if (this.drawn?.get(layer.name) !== key) {
      this.drawn = (this.drawn ?? new Map()).set(layer.name, key);
      this.model(`${layer.name}-source`).data = {
        xs: many ? [] : Array.from(rows, row => layer.xs[row]),
        ys: many ? [] : Array.from(rows, row => layer.ys[row]),
      };
    }
    const overview = this.model(`${layer.name}-overview`);
    if (many) this.drawOverview(layer);
    overview.visible = many;
  }

  async drawOverview(layer) {
    if (this.overviews.has(layer.name)) return;
    this.overviews.set(layer.name, true);
    const {glyph} = this.model(layer.name);
    const blob = await overviewPicture(layer, this.frame, glyph.line_color.value);
    const source = this.model(`${layer.name}-overview-source`);
    const [former] = source.data.url;
    source.data = {url: [URL.createObjectURL(blob)]};
    if (former) URL.revokeObjectURL(former);
  }
}
