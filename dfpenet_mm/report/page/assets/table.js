// A table of any length: only the rows in sight are in the page. Sorted by its headings, walked
// with the arrow keys.

const ROW_HEIGHT = 28;
const SPARE_ROWS = 12;
const CELL_SAMPLE = 60;
const MAX_CELL_LETTERS = 46;

class LandslideTable {
  constructor(scroller, layer, onPick) {
    this.scroller = scroller;
    this.layer = layer;
    this.onPick = onPick;
    this.sortColumn = layer.columns[0];
    this.direction = 1;
    this.order = [];
    this.build();
    this.update();
    scroller.addEventListener('scroll', () => this.draw(), {passive: true});
    scroller.addEventListener('keydown', event => this.onKey(event));
    new ResizeObserver(() => this.draw()).observe(scroller);
  }

  build() {
    this.table = element('table', 'landslide-table');
    this.table.setAttribute('aria-label', this.scroller.getAttribute('aria-label'));
    const widths = this.layer.columns.map(column => this.width(column));
    const group = element('colgroup');
    for (const width of widths) {
      const col = element('col');
      col.style.width = `${width}ch`;
      group.append(col);
    }
    this.table.style.width = `${widths.reduce((sum, width) => sum + width, 0)}ch`;
    const heading = element('tr');
    this.headings = this.layer.columns.map(column => this.heading(column));
    heading.append(...this.headings);
    const head = element('thead');
    head.append(heading);
    this.body = element('tbody');
    this.table.append(group, head, this.body);
    this.scroller.replaceChildren(this.table);
    this.body.addEventListener('click', event => {
      const row = event.target.closest('tr[data-row]');
      if (row) this.onPick(Number(row.dataset.row));
    });
  }

  heading(column) {
    const cell = element('th', column.kind === 'number' ? 'number' : '');
    cell.scope = 'col';
    const button = element('button', 'sort', column.title);
    button.type = 'button';
    button.title = column.meaning;
    button.addEventListener('click', () => this.sortBy(column));
    cell.append(button);
    return cell;
  }

  // Letters that the widest of a sample of cells and the longest word of the title take.
  width(column) {
    const step = Math.max(1, Math.floor(this.layer.rows / CELL_SAMPLE));
    const words = column.title.split(' ').map(word => word.length);
    let letters = Math.max(...words, column.title.length / 2 + 1, 4) + 2;
    for (let row = 0; row < this.layer.rows; row += step) {
      letters = Math.max(letters, column.text(row).length);
    }
    return Math.min(letters, MAX_CELL_LETTERS) + 1.75;
  }

  sortBy(column) {
    this.direction = column === this.sortColumn ? -this.direction : 1;
    this.sortColumn = column;
    this.update();
    this.scroller.scrollTop = 0;
  }

  // Call after the layer's filter has changed.
  update() {
    const {sortColumn, direction} = this;
    this.order = Int32Array.from(this.layer.shown).sort(
      (a, b) => sortColumn.compare(a, b, direction) || a - b
    );
    this.headings.forEach((cell, index) => {
      const sorted = this.layer.columns[index] === sortColumn;
      cell.setAttribute('aria-sort', sorted ? (direction > 0 ? 'ascending' : 'descending') : 'none');
    });
    this.table.setAttribute('aria-rowcount', String(this.order.length + 1));
    this.drawn = null;
    this.draw();
  }

  draw() {
    const height = this.scroller.clientHeight;
    if (!height) return;
    const first = Math.max(0, Math.floor(this.scroller.scrollTop / ROW_HEIGHT) - SPARE_ROWS);
    const count = Math.ceil(height / ROW_HEIGHT) + 2 * SPARE_ROWS;
    const last = Math.min(this.order.length, first + count);
    const key = `${first}-${last}-${this.layer.selected}`;
    if (this.drawn === key) return;
    this.drawn = key;
    const rows = [this.spacer(first)];
    for (let place = first; place < last; place += 1) rows.push(this.row(place));
    rows.push(this.spacer(this.order.length - last));
    this.body.replaceChildren(...rows);
  }

  spacer(rows) {
    const made = element('tr', 'spacer');
    made.setAttribute('aria-hidden', 'true');
    made.style.height = `${rows * ROW_HEIGHT}px`;
    return made;
  }

  row(place) {
    const row = this.order[place];
    const made = element('tr');
    made.dataset.row = String(row);
    made.setAttribute('aria-rowindex', String(place + 2));
    if (row === this.layer.selected) made.setAttribute('aria-selected', 'true');
    for (const column of this.layer.columns) {
      const text = column.text(row);
      const cell = element('td', column.kind === 'number' ? 'number' : '', text);
      if (text.length > MAX_CELL_LETTERS) cell.title = text;
      made.append(cell);
    }
    return made;
  }

  // Show which landslide is selected, scrolling to it if asked.
  mark({scroll}) {
    const place = this.order.indexOf(this.layer.selected);
    if (scroll && place >= 0) {
      const height = this.scroller.clientHeight;
      this.scroller.scrollTop = Math.max(0, place * ROW_HEIGHT - (height - ROW_HEIGHT) / 2);
    }
    this.drawn = null;
    this.draw();
  }

  onKey(event) {
    if (event.target !== this.scroller) return;
    const steps = {ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10};
    const place = this.order.indexOf(this.layer.selected);
    let wanted = null;
    if (event.key in steps) wanted = place < 0 ? 0 : place + steps[event.key];
    if (event.key === 'Home') wanted = 0;
    if (event.key === 'End') wanted = this.order.length - 1;
    if (wanted === null || !this.order.length) return;
    event.preventDefault();
    this.onPick(this.order[Math.min(Math.max(wanted, 0), this.order.length - 1)]);
    this.mark({scroll: true});
  }
}
