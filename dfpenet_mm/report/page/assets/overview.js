// A picture of all shown outlines of a layer, drawn once and moved as a whole.

const OVERVIEW_LINE = 2;
const OVERVIEW_FILL = 0.15;

function overviewPicture(layer, {rows, cols, step}, colour) {
  const canvas = document.createElement('canvas');
  canvas.width = cols;
  canvas.height = rows;
  const pen = canvas.getContext('2d');
  pen.strokeStyle = colour;
  pen.fillStyle = colour;
  pen.lineWidth = OVERVIEW_LINE;
  pen.beginPath();
  for (const row of layer.shown) {
    const xs = layer.xs[row];
    const ys = layer.ys[row];
    let begins = true;
    for (let point = 0; point < xs.length; point += 1) {
      if (Number.isNaN(xs[point])) {
        begins = true;
        continue;
      }
      const x = xs[point] / step[0];
      const y = rows - ys[point] / step[1];
      if (begins) pen.moveTo(x, y);
      else pen.lineTo(x, y);
      begins = false;
    }
  }
  pen.globalAlpha = OVERVIEW_FILL;
  pen.fill('evenodd');
  pen.globalAlpha = 1;
  pen.stroke();
  return new Promise(done => canvas.toBlob(done));
}
