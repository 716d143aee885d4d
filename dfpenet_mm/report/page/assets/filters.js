// Which landslides are shown: by area, probability, edge and text.

class Filters {
  constructor(form, layer, onChange) {
    this.form = form;
    this.layer = layer;
    this.onChange = onChange;
    form.addEventListener('input', () => this.schedule());
    form.addEventListener('submit', event => event.preventDefault());
    form.addEventListener('reset', () => this.schedule());
  }

  // Not at every letter.
  schedule() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.onChange(this.rows()), 120);
  }

  // At once, for somebody who wants to see a landslide that is hidden.
  clear() {
    this.form.reset();
    clearTimeout(this.timer);
    this.onChange(this.rows());
  }

  rows() {
    const field = name => this.form.elements.namedItem(name)?.value.trim() ?? '';
    const tests = [
      this.atLeast('area_m2', field('min-area')),
      this.atLeast('mean_probability', field('min-probability')),
      this.atEdge(field('edge')),
      this.holding(field('text').toLowerCase()),
    ].filter(test => test !== null);
    if (!tests.length) return this.layer.all;
    return this.layer.all.filter(row => tests.every(test => test(row)));
  }

  atLeast(name, text) {
    const column = this.layer.byName.get(name);
    const least = Number(text);
    if (!column || text === '' || !Number.isFinite(least)) return null;
    return row => column.values[row] >= least;
  }

  atEdge(choice) {
    const column = this.layer.byName.get('touches_edge');
    if (!column || choice === '') return null;
    const wanted = choice === 'yes' ? 1 : 0;
    return row => column.values[row] === wanted;
  }

  // A number is looked for among the landslides' numbers, other text in all texts.
  holding(text) {
    if (text === '') return null;
    const id = this.layer.byName.get('id');
    if (/^\d+$/.test(text)) return row => id.text(row) === text;
    const columns = this.layer.columns.filter(column => column.kind === 'text');
    return row => columns.some(column => column.values[row].toLowerCase().includes(text));
  }
}
