// Which numbers are written on the map: of the largest landslides in view, where there is room.

const MOST_NUMBERS = 70;
const NUMBER_HEIGHT = 16;
const DIGIT_WIDTH = 8;
// A landslide smaller than this has a number only where there are few in view.
const SMALLEST_PX = 9;

function placeNumbers(layer, view, metresPerPixel) {
  const placed = [];
  const inView = row => {
    const [left, bottom, right, top] = layer.box(row);
    const x = (left + right) / 2;
    const y = (bottom + top) / 2;
    return x > view.left && x < view.right && y > view.bottom && y < view.top;
  };
  const rows = [];
  for (const row of layer.bySize) if (layer.isShown[row] && inView(row)) rows.push(row);
  const few = rows.length <= MOST_NUMBERS;
  for (const row of rows) {
    if (placed.length === MOST_NUMBERS) break;
    const [left, bottom, right, top] = layer.box(row);
    const size = Math.max(right - left, top - bottom) / metresPerPixel;
    if (!few && size < SMALLEST_PX) continue;
    const text = layer.label(row);
    const x = (left + right) / 2;
    // A number stands above a landslide that it would hide.
    const hides = size < 1.5 * NUMBER_HEIGHT;
    const y = hides ? top + 0.7 * NUMBER_HEIGHT * metresPerPixel : (bottom + top) / 2;
    const width = text.length * DIGIT_WIDTH;
    const free = placed.every(other => {
      const across = Math.abs(x - other.x) / metresPerPixel;
      const up = Math.abs(y - other.y) / metresPerPixel;
      return across > (width + other.width) / 2 || up > NUMBER_HEIGHT;
    });
    if (free) placed.push({x, y, text, width});
  }
  return placed;
}
