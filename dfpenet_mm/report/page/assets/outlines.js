// Outlines as they came, four bytes a point, and as paths in the map's metres to draw and to hit.

function starts(counts) {
  const made = new Uint32Array(counts.length + 1);
  counts.forEach((count, index) => {
    made[index + 1] = made[index] + count;
  });
  return made;
}

class Outlines {
  constructor({points, ring_points, rings, origin, quantum}, {step, rows: height}) {
    this.points = unpackArray(points);
    this.firstPoint = starts(unpackArray(ring_points));
    this.firstRing = starts(unpackArray(rings));
    this.length = this.firstRing.length - 1;
    this.x = value => step[0] * (origin[0] + quantum * value);
    this.y = value => step[1] * (height - origin[1] - quantum * value);
    this.paths = new Array(this.length);
    this.boxes = new Float64Array(4 * this.length);
    for (let row = 0; row < this.length; row += 1) this.boxes.set(this.measure(row), 4 * row);
    // Only asked whether a place lies inside of a path.
    this.pen = document.createElement('canvas').getContext('2d');
  }

  // Left, bottom, right and top, metres.
  box(row) {
    return this.boxes.subarray(4 * row, 4 * row + 4);
  }

  measure(row) {
    let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
    const end = this.firstPoint[this.firstRing[row + 1]];
    for (let point = this.firstPoint[this.firstRing[row]]; point < end; point += 1) {
      const x = this.points[2 * point];
      const y = this.points[2 * point + 1];
      if (x < left) left = x;
      if (x > right) right = x;
      if (y < top) top = y;
      if (y > bottom) bottom = y;
    }
    return [this.x(left), this.y(bottom), this.x(right), this.y(top)];
  }

  // Made when it is first drawn: few of 20,000 are ever looked at closely.
  path(row) {
    this.paths[row] ??= this.trace(row);
    return this.paths[row];
  }

  trace(row) {
    const path = new Path2D();
    for (let ring = this.firstRing[row]; ring < this.firstRing[row + 1]; ring += 1) {
      const first = this.firstPoint[ring];
      for (let point = first; point < this.firstPoint[ring + 1]; point += 1) {
        const x = this.x(this.points[2 * point]);
        const y = this.y(this.points[2 * point + 1]);
        if (point === first) path.moveTo(x, y);
        else path.lineTo(x, y);
      }
      path.closePath();
    }
    return path;
  }

  // True inside of an outline, and not in one of its holes.
  holds(row, x, y) {
    return this.pen.isPointInPath(this.path(row), x, y, 'evenodd');
  }
}
