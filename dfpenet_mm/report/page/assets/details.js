// All attributes of one landslide: beside the cursor, and of the selected one below the map.
// Every text goes through textContent, so that no file can put HTML into the page.

function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function fillAttributes(target, layer, row) {
  const heading = layer.name === 'rejected' ? 'Removed candidate' : 'Landslide';
  const list = element('dl', 'attributes');
  for (const column of layer.columns) {
    if (column.name === 'id') continue;
    const term = element('dt', '', column.title);
    term.title = column.meaning;
    list.append(term, element('dd', '', column.text(row)));
  }
  const title = element('p', 'attributes-title', `${heading} ${layer.label(row)}`);
  target.replaceChildren(title, list);
}

class HoverBox {
  constructor(target, area) {
    this.target = target;
    this.area = area;
    this.shown = null;
  }

  show(layer, row, x, y) {
    const key = `${layer.name}-${row}`;
    if (this.shown !== key) {
      fillAttributes(this.target, layer, row);
      this.shown = key;
    }
    this.target.hidden = false;
    const {clientWidth: width, clientHeight: height} = this.area;
    const {offsetWidth, offsetHeight} = this.target;
    const left = x + 16 + offsetWidth < width ? x + 16 : x - 16 - offsetWidth;
    const top = Math.min(Math.max(8, y - offsetHeight / 2), height - offsetHeight - 8);
    this.target.style.left = `${Math.max(4, left)}px`;
    this.target.style.top = `${Math.max(4, top)}px`;
  }

  hide() {
    this.shown = null;
    this.target.hidden = true;
  }
}
