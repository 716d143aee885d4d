// Landslides of one kind: attributes, outlines, and which of them are shown.

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
    this.outlines = new Outlines(outlines, frame);
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

  box(row) {
    return this.outlines.box(row);
  }

  // Shown landslides that may lie in a part of the map.
  inside({left, bottom, right, top}) {
    const {boxes} = this.outlines;
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
    const around = {left: x - near, bottom: y - near, right: x + near, top: y + near};
    for (const row of this.inside(around)) {
      const hit = this.outlines.holds(row, x, y);
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
}
