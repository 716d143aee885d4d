// Landslides of one kind: attributes, outlines in the map's metres, and which of them are shown.

class Layer {
  constructor(name, {rows, columns, outlines}, frame) {
    this.name = name;
    this.rows = rows;
    this.columns = columns.map(column => new Column(column));
    this.byName = new Map(this.columns.map(column => [column.name, column]));
    this.all = Int32Array.from({length: rows}, (_, row) => row);
    this.shown = this.all;
    this.isShown = new Uint8Array(rows).fill(1);
    this.selected = -1;
    this.unpackOutlines(outlines, frame);
    this.bySize = this.all.slice().sort((a, b) => this.area(b) - this.area(a));
  }

  area(row) {
    return this.byName.get('area_m2').values[row];
  }

  label(row) {
    return this.byName.get('id').text(row);
  }

  show(rows) {
    this.shown = rows;
    this.isShown.fill(0);
    for (const row of rows) this.isShown[row] = 1;
  }

  // Left, bottom, right and top of an outline, metres.
  box(row) {
    return this.boxes.subarray(4 * row, 4 * row + 4);
  }

  // Shown landslides that may lie in a part of the map.
  inside(left, bottom, right, top) {
    const {boxes} = this;
    return this.shown.filter(row => {
      const at = 4 * row;
      return (
        boxes[at] < right && boxes[at + 2] > left && boxes[at + 1] < top && boxes[at + 3] > bottom
      );
    });
  }

  // The smallest shown landslide that a place lies in, or else on whose box it nearly lies.
  at(x, y, near) {
    let best = -1;
    let bestHit = false;
    for (const row of this.inside(x - near, y - near, x + near, y + near)) {
      const hit = this.holds(row, x, y);
      if (best < 0 || (hit && !bestHit) || (hit === bestHit && this.area(row) < this.area(best))) {
        best = row;
        bestHit = hit;
      }
    }
    return bestHit || this.isSmall(best, near) ? best : -1;
  }

  // A landslide of a few pixels can hardly be hit.
  isSmall(row, near) {
    if (row < 0) return false;
    const [left, bottom, right, top] = this.box(row);
    return Math.max(right - left, top - bottom) < 3 * near;
  }

  // Whether a place lies in an outline and in none of its holes.
  holds(row, x, y) {
    const xs = this.xs[row];
    const ys = this.ys[row];
    let inside = false;
    for (let point = 1; point < xs.length; point += 1) {
      // Every ring ends where it began; a side to or from a break compares as false.
      const [x0, y0, x1, y1] = [xs[point - 1], ys[point - 1], xs[point], ys[point]];
      if (y0 > y !== y1 > y && x < x0 + ((y - y0) / (y1 - y0)) * (x1 - x0)) inside = !inside;
    }
    return inside;
  }

  unpackOutlines({points, ring_points, rings, origin, quantum}, {step, rows: height}) {
    const coordinates = unpackArray(points);
    const ringPoints = unpackArray(ring_points);
    const ringCounts = unpackArray(rings);
    this.xs = new Array(this.rows);
    this.ys = new Array(this.rows);
    this.boxes = new Float64Array(4 * this.rows);
    let ring = 0;
    let point = 0;
    for (let row = 0; row < this.rows; row += 1) {
      const end = ring + ringCounts[row];
      let length = Math.max(0, ringCounts[row] - 1);
      for (let index = ring; index < end; index += 1) length += ringPoints[index];
      const xs = new Float64Array(length);
      const ys = new Float64Array(length);
      const box = [Infinity, Infinity, -Infinity, -Infinity];
      let at = 0;
      for (let first = ring; ring < end; ring += 1) {
        // Bokeh begins another ring, a hole too, behind a number that is none.
        if (ring > first) {
          xs[at] = NaN;
          ys[at] = NaN;
          at += 1;
        }
        for (let left = ringPoints[ring]; left > 0; left -= 1) {
          const x = step[0] * (origin[0] + quantum * coordinates[2 * point]);
          const y = step[1] * (height - origin[1] - quantum * coordinates[2 * point + 1]);
          point += 1;
          xs[at] = x;
          ys[at] = y;
          at += 1;
          box[0] = Math.min(box[0], x);
          box[1] = Math.min(box[1], y);
          box[2] = Math.max(box[2], x);
          box[3] = Math.max(box[3], y);
        }
      }
      this.xs[row] = xs;
      this.ys[row] = ys;
      this.boxes.set(box, 4 * row);
    }
  }
}
