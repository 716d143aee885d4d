// Puts the page together: one selection for map, tables and lists.

const data = JSON.parse(document.getElementById('report-data').textContent);
const byId = id => document.getElementById(id);
const layers = new Map(
  Object.entries(data.layers).map(([name, layer]) => [name, new Layer(name, layer, data.frame)])
);
const coordinates = new Coordinates(data.frame);
const hoverBox = new HoverBox(byId('hover'), byId('map-area'));
const tables = new Map();
let filters = null;
let map = null;

function select(layer, row, origin) {
  for (const other of layers.values()) other.selected = other === layer ? row : -1;
  for (const [name, table] of tables) {
    table.mark({scroll: name === layer.name && origin !== 'table'});
  }
  map.mark(layer, row);
  const details = byId('selected');
  if (row < 0) {
    details.replaceChildren(element('p', 'hint', details.dataset.hint));
    return;
  }
  fillAttributes(details, layer, row);
  if (origin === 'map') {
    openTab(layer.name);
  } else {
    setLayer(layer.name, true);
    map.lookAt(layer, row);
  }
}

function setLayer(name, visible) {
  const box = document.querySelector(`[data-layer="${name}"]`);
  if (box) box.checked = visible;
  map.setVisible(name, visible);
}

function openTab(name) {
  for (const tab of document.querySelectorAll('[role=tab]')) {
    const chosen = tab.dataset.table === name;
    tab.setAttribute('aria-selected', String(chosen));
    tab.tabIndex = chosen ? 0 : -1;
    byId(tab.getAttribute('aria-controls')).hidden = !chosen;
  }
  tables.get(name)?.mark({scroll: true});
}

function startTabs() {
  const tabs = [...document.querySelectorAll('[role=tab]')];
  tabs.forEach((tab, index) => {
    tab.addEventListener('click', () => openTab(tab.dataset.table));
    tab.addEventListener('keydown', event => {
      const step = {ArrowRight: 1, ArrowLeft: -1}[event.key];
      if (!step) return;
      const next = tabs[(index + step + tabs.length) % tabs.length];
      openTab(next.dataset.table);
      next.focus();
    });
  });
}

function startTables() {
  for (const [name, layer] of layers) {
    const scroller = byId(`${name}-table`);
    tables.set(name, new LandslideTable(scroller, layer, row => select(layer, row, 'table')));
  }
}

function startFilters() {
  const layer = layers.get('landslides');
  const tell = () => {
    const {length} = layer.shown;
    const all = layer.rows.toLocaleString('en-GB');
    byId('shown').textContent =
      length === layer.rows ? `all ${all} shown` : `${length.toLocaleString('en-GB')} of ${all} shown`;
  };
  filters = new Filters(byId('filters'), layer, rows => {
    layer.show(rows);
    tables.get('landslides').update();
    map.filter(layer);
    tell();
  });
  tell();
}

function startControls() {
  for (const box of document.querySelectorAll('[data-layer]')) {
    box.addEventListener('change', () => map.setVisible(box.dataset.layer, box.checked));
    map.setVisible(box.dataset.layer, box.checked);
  }
  const backdrops = [...document.querySelectorAll('[name=backdrop]')];
  const showBackdrop = () => {
    for (const radio of backdrops) map.setVisible(radio.value, radio.checked);
  };
  for (const radio of backdrops) radio.addEventListener('change', showBackdrop);
  showBackdrop();
  const actions = {
    'zoom-in': () => map.zoom(0.6),
    'zoom-out': () => map.zoom(1 / 0.6),
    whole: () => map.whole(),
  };
  byId('print').addEventListener('click', () => window.print());
  for (const [id, action] of Object.entries(actions)) byId(id).addEventListener('click', action);
  for (const button of document.querySelectorAll('[data-look]')) {
    button.addEventListener('click', () => {
      const layer = layers.get('landslides');
      const row = Number(button.dataset.look);
      if (!layer.isShown[row]) filters.clear();
      select(layer, row, 'list');
      openTab('landslides');
      byId('map-area').scrollIntoView({block: 'center'});
    });
  }
}

function startKeys() {
  const keys = {
    ArrowLeft: () => map.pan(-0.15, 0),
    ArrowRight: () => map.pan(0.15, 0),
    ArrowUp: () => map.pan(0, 0.15),
    ArrowDown: () => map.pan(0, -0.15),
    '+': () => map.zoom(0.6),
    '-': () => map.zoom(1 / 0.6),
    0: () => map.whole(),
  };
  byId('map-area').addEventListener('keydown', event => {
    if (event.target !== event.currentTarget || !(event.key in keys)) return;
    event.preventDefault();
    keys[event.key]();
  });
}

async function start() {
  map = new LandslideMap(byId('map'), byId('scale'), data, layers);
  new Gestures(map, {
    onTap: hit => select(hit?.layer ?? layers.get('landslides'), hit?.row ?? -1, 'map'),
    onHover: (hit, x, y) => {
      if (hit) hoverBox.show(hit.layer, hit.row, x, y);
      else hoverBox.hide();
    },
    onMove: (x, y) => {
      byId('coordinates').textContent = coordinates.text(x, y);
    },
  });
  byId('north').style.transform = `rotate(${data.frame.north}deg)`;
  startTables();
  startTabs();
  startFilters();
  startControls();
  startKeys();
  await map.pictures.get('post').decode();
  map.draw();
  // For whoever looks at the page from its console, as its tests do.
  window.landslideMap = map;
  document.documentElement.dataset.ready = 'true';
}

start();
