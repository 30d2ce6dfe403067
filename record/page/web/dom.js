// Small helpers. Text becomes text nodes, never markup.

const byId = id => document.getElementById(id);

// make makes an element: properties, then children, of which strings become
// text.
function make(tag, properties, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties || {})) {
    if (name === 'class') element.className = value;
    else if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, '');
    else if (value !== false && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.filter(c => c !== null && c !== undefined && c !== ''));
  return element;
}

// marked appends text to an element with each place of a needle marked. The
// needle is in lower case.
function marked(element, text, needle) {
  if (!needle) {
    element.append(text);
    return;
  }
  const low = text.toLowerCase();
  // Few letters have a lower case of another length; such a text is not marked.
  if (low.length !== text.length) {
    element.append(text);
    return;
  }
  let at = 0;
  for (let hit = low.indexOf(needle); hit >= 0; hit = low.indexOf(needle, at)) {
    element.append(text.slice(at, hit), make('mark', null, text.slice(hit, hit + needle.length)));
    at = hit + needle.length;
  }
  element.append(text.slice(at));
}

const numbers = new Intl.NumberFormat('en');

// count is a number with its noun: 1 call, 2 calls.
function count(n, noun, many) {
  return `${numbers.format(n)} ${n === 1 ? noun : many || noun + 's'}`;
}

const units = [[1e9, 's'], [1e6, 'ms'], [1e3, 'µs'], [1, 'ns']];

// span is a length of time with three digits.
function span(ns) {
  for (const [size, unit] of units) {
    if (ns >= size) {
      const v = ns / size;
      return `${v >= 99.95 || size === 1 ? v.toFixed(0) : v >= 9.995 ? v.toFixed(1) : v.toFixed(2)} ${unit}`;
    }
  }
  return '0';
}

// seconds is a moment, from the recording's start.
function seconds(ns) {
  return (ns / 1e9).toFixed(6);
}

// soon runs a function once before the next picture, however often it is asked.
function soon(work) {
  let asked = false;
  return () => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => {
      asked = false;
      work();
    });
  };
}

// firstAtLeast finds, in rows that are in the order of time, the first that
// starts at t or later.
function firstAtLeast(rows, time, t) {
  let low = 0, high = rows.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (time[rows[middle]] < t) low = middle + 1; else high = middle;
  }
  return low;
}
