// The map on a canvas: one scale for both axes, pictures, outlines, numbers and a scale bar.

// With more outlines in view, a picture of all of them is shown instead.
const MOST_OUTLINES = 600;
const LEAST_METRES = 40;
// A landslide that is looked at takes this share of the map.
const LOOK_SHARE = 0.25;
const LEAST_LOOK_METRES = 250;
const NEAR_PX = 4;
const REST_MS = 90;
const SCALE_BAR_PX = 130;
const LOOKS = {
  outlines: {fill: '1f', width: 1.3},
  overview: {fill: '26', width: 2},
  selected: {fill: '40', width: 3},
};

class LandslideMap {
  constructor(canvas, scaleBar, {frame, map}, layers) {
    this.canvas = canvas;
    this.pen = canvas.getContext('2d');
    this.scaleBar = scaleBar;
    this.layers = layers;
    this.frame = frame;
    this.width = frame.cols * frame.step[0];
    this.height = frame.rows * frame.step[1];
    this.colours = map.colours;
    this.area = map.area && new Path2D(map.area);
    this.visible = new Map([[Object.keys(map.pictures)[0], true]]);
    this.overviews = new Map();
    this.marked = null;
    this.numbers = [];
    // How much of everything the last drawing held.
    this.drawn = {};
    this.pictures = new Map(Object.entries(map.pictures).map(([name, uri]) => {
      const picture = new Image();
      picture.addEventListener('load', () => this.ask());
      picture.src = uri;
      return [name, picture];
    }));
    this.fit();
    this.whole();
    new ResizeObserver(() => this.fit()).observe(canvas);
  }

  // Give the canvas the pixels that it has on the screen.
  fit() {
    this.size = [this.canvas.clientWidth || 600, this.canvas.clientHeight || 400];
    this.sharpness = window.devicePixelRatio || 1;
    const [width, height] = this.size.map(side => Math.round(side * this.sharpness));
    Object.assign(this.canvas, {width, height});
    if (this.centre) this.look(this.centre, this.metresPerPixel);
  }

  get view() {
    const [x, y] = this.centre;
    const [across, up] = this.size.map(side => (side * this.metresPerPixel) / 2);
    return {left: x - across, right: x + across, bottom: y - up, top: y + up};
  }

  // The place in metres at a pixel of the canvas.
  place([right, down]) {
    const {left, top} = this.view;
    return [left + right * this.metresPerPixel, top - down * this.metresPerPixel];
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
    this.ask();
  }

  filter(layer) {
    this.overviews.delete(layer.name);
    this.ask();
  }

  mark(layer, row) {
    this.marked = row >= 0 ? {layer, row} : null;
    this.ask();
  }

  look(centre, metresPerPixel) {
    this.centre = centre;
    this.metresPerPixel = this.limited(metresPerPixel);
    this.ask();
  }

  limited(metresPerPixel) {
    const [width, height] = this.size;
    const widest = 1.5 * Math.max(this.width / width, this.height / height);
    return Math.min(Math.max(metresPerPixel, LEAST_METRES / width), widest);
  }

  whole() {
    const [width, height] = this.size;
    const scale = Math.max(this.width / width, this.height / height);
    this.look([this.width / 2, this.height / 2], scale);
  }

  // What is at a pixel of the canvas stays there.
  zoom(factor, pixel = this.size.map(side => side / 2)) {
    const [x, y] = this.place(pixel);
    const scale = this.limited(this.metresPerPixel * factor);
    const [width, height] = this.size;
    this.look([x + (width / 2 - pixel[0]) * scale, y - (height / 2 - pixel[1]) * scale], scale);
  }

  // By pixels of the canvas.
  drag(right, down) {
    const [x, y] = this.centre;
    const scale = this.metresPerPixel;
    this.look([x - right * scale, y + down * scale], scale);
  }

  // By shares of what is in view.
  pan(across, up) {
    const [width, height] = this.size;
    this.drag(-across * width, up * height);
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

  // Draw with the next frame; numbers are placed anew when the map has come to rest.
  ask() {
    this.asked ??= requestAnimationFrame(() => this.draw());
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.placeNumbers();
      this.draw();
    }, REST_MS);
  }

  placeNumbers() {
    const wanted = this.visible.get('landslides') && this.visible.get('numbers');
    const layer = this.layers.get('landslides');
    this.numbers = wanted ? placeNumbers(layer, this.view, this.metresPerPixel) : [];
  }

  draw() {
    cancelAnimationFrame(this.asked);
    this.asked = null;
    this.inPixels();
    this.pen.clearRect(0, 0, ...this.size);
    for (const [name, picture] of this.pictures) {
      if (this.visible.get(name) && picture.complete) this.drawPicture(picture);
    }
    if (this.area) this.drawArea();
    for (const layer of this.layers.values()) this.drawLayer(layer);
    if (this.marked) {
      const {layer, row} = this.marked;
      this.inMetres();
      this.paint(this.pen, layer, [row], this.colours.selected, LOOKS.selected);
    }
    this.drawNumbers();
    this.drawScaleBar();
    this.drawn.selected = this.marked ? 1 : 0;
    this.drawn.numbers = this.numbers.length;
  }

  inPixels() {
    this.pen.setTransform(this.sharpness, 0, 0, this.sharpness, 0, 0);
  }

  inMetres() {
    const scale = this.sharpness / this.metresPerPixel;
    const {left, top} = this.view;
    this.pen.setTransform(scale, 0, 0, -scale, -left * scale, top * scale);
  }

  drawPicture(picture) {
    this.inPixels();
    const {left, top} = this.view;
    const scale = this.metresPerPixel;
    const corner = [-left / scale, (top - this.height) / scale];
    this.pen.drawImage(picture, ...corner, this.width / scale, this.height / scale);
  }

  drawArea() {
    this.inMetres();
    this.pen.strokeStyle = this.colours.area;
    this.pen.lineWidth = 2 * this.metresPerPixel;
    this.pen.stroke(this.area);
  }

  drawLayer(layer) {
    const rows = this.visible.get(layer.name) ? layer.inside(this.view) : [];
    const many = rows.length > MOST_OUTLINES;
    this.drawn[layer.name] = many ? 0 : rows.length;
    this.drawn[`${layer.name}-overview`] = many ? 1 : 0;
    if (many) {
      this.drawPicture(this.overview(layer));
    } else {
      this.inMetres();
      this.paint(this.pen, layer, rows, this.colours[layer.name], LOOKS.outlines);
    }
  }

  // All shown outlines, drawn once and moved as a whole.
  overview(layer) {
    if (!this.overviews.has(layer.name)) {
      const {rows, cols, step} = this.frame;
      const picture = Object.assign(document.createElement('canvas'), {width: cols, height: rows});
      const pen = picture.getContext('2d');
      pen.setTransform(1 / step[0], 0, 0, -1 / step[1], 0, rows);
      this.paint(pen, layer, layer.shown, this.colours[layer.name], LOOKS.overview, step[0]);
      this.overviews.set(layer.name, picture);
    }
    return this.overviews.get(layer.name);
  }

  paint(pen, layer, rows, colour, {fill, width}, metresPerPixel = this.metresPerPixel) {
    pen.strokeStyle = colour;
    pen.fillStyle = `${colour}${fill}`;
    pen.lineWidth = width * metresPerPixel;
    pen.lineJoin = 'round';
    for (const row of rows) {
      const path = layer.outlines.path(row);
      pen.fill(path, 'evenodd');
      pen.stroke(path);
    }
  }

  drawNumbers() {
    this.inPixels();
    const {pen} = this;
    const {left, top} = this.view;
    Object.assign(pen, {font: 'bold 11px sans-serif', textAlign: 'center', textBaseline: 'middle'});
    for (const {x, y, text} of this.numbers) {
      const right = (x - left) / this.metresPerPixel;
      const down = (top - y) / this.metresPerPixel;
      const half = pen.measureText(text).width / 2 + 2;
      pen.fillStyle = '#17212bb3';
      pen.fillRect(right - half, down - 7.5, 2 * half, 15);
      pen.fillStyle = '#fff';
      pen.fillText(text, right, down + 0.5);
    }
  }

  drawScaleBar() {
    const most = SCALE_BAR_PX * this.metresPerPixel;
    const power = 10 ** Math.floor(Math.log10(most));
    const length = power * [5, 2, 1].find(step => step * power <= most * (1 + 1e-9));
    this.scaleBar.style.width = `${length / this.metresPerPixel}px`;
    this.scaleBar.textContent = length < 1000 ? `${length} m` : `${length / 1000} km`;
  }
}
