/** Changes to JSON that a format's reader has to see through: other numbers, other types, other references, other depths. */
import type { Random } from './random.ts';

export type JsonValue = unknown;

interface Place {
  readonly path: string;
  readonly value: JsonValue;
  readonly set: (value: JsonValue) => void;
  readonly remove: () => void;
}

const NUMBERS = [
  0,
  -1,
  1,
  2,
  3,
  7,
  0.5,
  -0.5,
  1e-30,
  255,
  65_536,
  1e6,
  1e9,
  2 ** 31,
  2 ** 53,
  1e20,
  1e300,
  -1e9,
];
const STRINGS = [
  '',
  'NaN',
  'Infinity',
  '-Infinity',
  'same',
  'causal',
  'channels_first',
  'linear',
  'softmax',
  'float16',
  'int64',
  'string',
  '__proto__',
  'constructor',
  'toString',
  '../x',
  'a'.repeat(5000),
  '\u0000',
  '\ud800',
  '💥',
];
const CLASSES = [
  'Dense',
  'Conv2D',
  'LSTM',
  'GRU',
  'Bidirectional',
  'TimeDistributed',
  'Embedding',
  'Reshape',
  'Flatten',
  'Concatenate',
  'Dot',
  'UpSampling2D',
  'EinsumDense',
  'MultiHeadAttention',
  'Functional',
  'Sequential',
  'InputLayer',
  'Masking',
  'RepeatVector',
  'Resizing',
  'GetItem',
  'Softmax',
  'StackedRNNCells',
  'RNN',
];

/** A copy with one to three changes, and what they were. */
export function mutateJson(random: Random, original: JsonValue): { what: string; value: JsonValue } {
  const root = { value: structuredClone(original) };
  const count = random.below(3) === 0 ? 1 + random.below(3) : 1;
  const done: string[] = [];
  for (let i = 0; i < count; i++) {
    const places = placesIn(root.value, '', []);
    if (places.length === 0) break;
    const place = random.pick(places);
    done.push(`${place.path} ${change(random, place, places)}`);
  }
  return { what: done.join('; '), value: root.value };
}

function change(random: Random, place: Place, places: readonly Place[]): string {
  const { value, set } = place;
  const to = (next: JsonValue): string => {
    set(next);
    return `= ${(JSON.stringify(next) ?? 'undefined').slice(0, 80)}`;
  };
  switch (random.below(10)) {
    case 0:
      place.remove();
      return 'removed';
    case 1:
      return to(random.pick(NUMBERS));
    case 2:
      return to(random.pick(STRINGS));
    case 3:
      return to(
        random.pick([null, true, false, [], {}, [[]], [0], [-1], [null], [1e9, 1e9], Array(20).fill(2)]),
      );
    case 4: {
      const other = random.pick(places);
      return `${to(structuredClone(other.value))} (of ${other.path})`;
    }
    case 5: {
      const other = random.pick(places.filter((one) => typeof one.value === typeof value));
      return `${to(structuredClone(other.value))} (of ${other.path})`;
    }
    case 6: {
      let nested: JsonValue = value;
      const depth = random.pick([1, 2, 40, 500]);
      for (let i = 0; i < depth; i++)
        nested = random.below(2) === 0 ? [nested] : { class_name: 'Sequential', config: nested };
      set(nested);
      return `nested ${depth} deep`;
    }
    case 7:
      if (Array.isArray(value))
        return to(random.below(2) === 0 ? Object.fromEntries(value.entries()) : [...value, ...value]);
      if (typeof value === 'object' && value !== null) return to(Object.values(value));
      return to([value]);
    case 8:
      if (typeof value === 'number')
        return to(random.pick([-value, value + 1, value * 1000, value / 2, String(value)]));
      if (typeof value === 'string') return to(random.pick(CLASSES));
      return to(value === null ? 1 : null);
    default: {
      // References are strings that stand elsewhere too: names of layers, classes, types.
      const strings = places.filter((one) => typeof one.value === 'string');
      if (typeof value === 'string' && strings.length > 0) return to(random.pick(strings).value);
      return to(random.pick(NUMBERS));
    }
  }
}

function placesIn(value: JsonValue, path: string, found: Place[]): Place[] {
  if (typeof value !== 'object' || value === null || path.length > 1000) return found;
  if (Array.isArray(value)) {
    for (const [i, item] of value.entries()) {
      const at = `${path}/${i}`;
      found.push({
        path: at,
        value: item,
        set: (next) => {
          value[i] = next;
        },
        remove: () => value.splice(i, 1),
      });
      placesIn(item, at, found);
    }
    return found;
  }
  for (const [key, item] of Object.entries(value)) {
    const at = `${path}/${key}`;
    const set = (next: JsonValue): void => {
      Object.defineProperty(value, key, {
        value: next,
        enumerable: true,
        configurable: true,
        writable: true,
      });
    };
    found.push({ path: at, value: item, set, remove: () => Reflect.deleteProperty(value, key) });
    placesIn(item, at, found);
  }
  return found;
}
