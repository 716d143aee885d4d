// From the map's metres to map units and to longitude and latitude.

class Coordinates {
  constructor(frame) {
    this.frame = frame;
  }

  pixel(x, y) {
    const {step, rows} = this.frame;
    return [x / step[0], rows - y / step[1]];
  }

  mapUnits(x, y) {
    const [col, row] = this.pixel(x, y);
    const [a, b, c, d, e, f] = this.frame.transform;
    return [a * col + b * row + c, d * col + e * row + f];
  }

  // Bilinear between the nodes that the page came with.
  degrees(x, y) {
    const {rows, cols, degrees} = this.frame;
    const {nodes, lon, lat} = degrees;
    const [col, row] = this.pixel(x, y);
    const across = (col / cols) * (nodes - 1);
    const down = (row / rows) * (nodes - 1);
    const i = Math.min(Math.max(Math.floor(across), 0), nodes - 2);
    const j = Math.min(Math.max(Math.floor(down), 0), nodes - 2);
    const u = across - i;
    const v = down - j;
    const at = values => {
      const first = j * nodes + i;
      const top = values[first] * (1 - u) + values[first + 1] * u;
      const bottom = values[first + nodes] * (1 - u) + values[first + nodes + 1] * u;
      return top * (1 - v) + bottom * v;
    };
    const turned = at(lon);
    return [((((turned + 180) % 360) + 360) % 360) - 180, at(lat)];
  }

  text(x, y) {
    const [lon, lat] = this.degrees(x, y);
    const north = `${Math.abs(lat).toFixed(5)}° ${lat < 0 ? 'S' : 'N'}`;
    const east = `${Math.abs(lon).toFixed(5)}° ${lon < 0 ? 'W' : 'E'}`;
    const place = `${north}, ${east}`;
    const decimals = this.frame.geographic ? 6 : 1;
    const [mapX, mapY] = this.mapUnits(x, y).map(value => value.toFixed(decimals));
    return `${place}   ·   x ${mapX}, y ${mapY} (${this.frame.crs})`;
  }
}
