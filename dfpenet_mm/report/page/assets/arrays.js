// Numbers that came as little-endian bytes in base64, and columns made of them.

function unpackArray({array, base64}) {
  const characters = atob(base64);
  const bytes = new Uint8Array(characters.length);
  for (let at = 0; at < bytes.length; at += 1) bytes[at] = characters.charCodeAt(at);
  return new globalThis[array](bytes.buffer);
}

const UNKNOWN_FLAG = 255;
const UNKNOWN = '–';
const NUMBER_FORMATS = new Map();

function writeNumber(value, decimals) {
  if (!Number.isFinite(value)) return UNKNOWN;
  if (!NUMBER_FORMATS.has(decimals)) {
    const digits = {minimumFractionDigits: decimals, maximumFractionDigits: decimals};
    NUMBER_FORMATS.set(decimals, new Intl.NumberFormat('en-GB', digits));
  }
  return NUMBER_FORMATS.get(decimals).format(value);
}

// One attribute of all landslides of a layer.
class Column {
  constructor({name, title, meaning, kind, decimals, values}) {
    this.name = name;
    this.title = title;
    this.meaning = meaning ? `${meaning} (field ${name})` : `field ${name}`;
    this.kind = kind;
    this.decimals = decimals;
    this.values = kind === 'text' ? values : unpackArray(values);
  }

  text(row) {
    const value = this.values[row];
    if (this.kind === 'text') return value || UNKNOWN;
    if (this.kind === 'flag') return value === UNKNOWN_FLAG ? UNKNOWN : value ? 'yes' : 'no';
    if (this.name === 'id') return String(value);
    return writeNumber(value, this.decimals);
  }

  // Orders two rows; what is unknown comes last either way.
  compare(one, other, direction) {
    const a = this.values[one];
    const b = this.values[other];
    if (this.kind === 'text') {
      if (!a || !b) return (a ? 0 : 1) - (b ? 0 : 1);
      return direction * a.localeCompare(b);
    }
    const aKnown = Number.isFinite(a) && !(this.kind === 'flag' && a === UNKNOWN_FLAG);
    const bKnown = Number.isFinite(b) && !(this.kind === 'flag' && b === UNKNOWN_FLAG);
    if (!aKnown || !bKnown) return (aKnown ? 0 : 1) - (bKnown ? 0 : 1);
    return direction * (a - b);
  }
}
