// Which rows are shown, and which match the search.

// makeFilter holds what was asked for. view is the rows shown, in the order
// of time; shown says it by row; hits are positions in view.
function makeFilter(trace) {
  const {n, order, kind, klass, call, thread, errno, verdicts, threads} = trace;
  const f = {
    call: -1, classes: new Set(), thread: -1, process: -1, errors: false, violations: false,
    query: '', only: false,
    view: new Uint32Array(order), shown: new Uint8Array(n).fill(1), hits: [], hit: -1, place: new Int32Array(n),
    searching: false,
  };
  const lower = new Array(n); // of lines, as they are needed
  let turn = 0;

  f.active = () => f.call >= 0 || f.classes.size > 0 || f.thread >= 0 || f.process >= 0 || f.errors || f.violations;

  // passes is the filter but for the search; summary leaves out the call's name.
  f.passes = (row, anyCall) =>
    (anyCall || f.call < 0 || kind[row] === CALL && call[row] === f.call) &&
    (f.classes.size === 0 || f.classes.has(klass[row])) &&
    (f.thread < 0 || thread[row] === f.thread) &&
    (f.process < 0 || threads[thread[row]].pid === f.process) &&
    (!f.errors || errno[row] !== 0) &&
    (!f.violations || verdicts.has(row));

  f.matches = row => {
    if (lower[row] === undefined) lower[row] = lineText(trace, row).toLowerCase();
    return lower[row].includes(f.query);
  };

  // apply makes view and hits anew. A long search is made in pieces, so that
  // keys are answered meanwhile; a newer one ends it.
  f.apply = async () => {
    const mine = ++turn;
    const needle = f.query !== '';
    const view = [], hits = [];
    const shown = new Uint8Array(n);
    f.searching = needle;
    let until = performance.now() + 12;
    for (let i = 0; i < n; i++) {
      const row = order[i];
      if (needle && (i & 1023) === 1023 && performance.now() > until) {
        await new Promise(resume => setTimeout(resume));
        if (mine !== turn) return false;
        until = performance.now() + 12;
      }
      if (!f.passes(row, false)) continue;
      const match = needle && f.matches(row);
      if (needle && f.only && !match) continue;
      if (match) hits.push(view.length);
      shown[row] = 1;
      view.push(row);
    }
    f.searching = false;
    f.view = Uint32Array.from(view);
    f.shown = shown;
    f.hits = hits;
    f.place.fill(-1);
    for (let i = 0; i < f.view.length; i++) f.place[f.view[i]] = i;
    f.hit = -1;
    return true;
  };

  // step goes to the next or previous hit from a position in view and gives
  // its row, or -1.
  f.step = (from, by) => {
    if (f.hits.length === 0) return -1;
    let low = 0, high = f.hits.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (by > 0 ? f.hits[middle] <= from : f.hits[middle] < from) low = middle + 1; else high = middle;
    }
    f.hit = by > 0 ? low % f.hits.length : (low - 1 + f.hits.length) % f.hits.length;
    return f.view[f.hits[f.hit]];
  };

  // toHit notes that a row that is a hit was chosen by other means.
  f.toHit = row => {
    const place = row < 0 ? -1 : f.place[row];
    f.hit = place < 0 ? -1 : f.hits.indexOf(place);
  };

  for (let i = 0; i < n; i++) f.place[order[i]] = i;
  return f;
}
