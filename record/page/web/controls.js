// Filters, search, tabs and the keys that work everywhere.

function makeControls(trace, filter, {changed, step, setCall, tab}) {
  const query = byId('query'), syscall = byId('syscall'), thread = byId('thread');

  const used = new Array(trace.calls.length).fill(0), ofClass = new Array(trace.classes.length).fill(0);
  for (let row = 0; row < trace.n; row++) {
    if (trace.kind[row] === CALL) used[trace.call[row]]++;
    ofClass[trace.klass[row]]++;
  }
  const names = trace.calls.map((c, i) => ({name: c.name, i})).filter(c => trace.calls[c.i].real).sort((a, b) => a.name.localeCompare(b.name));
  syscall.append(make('option', {value: ''}, 'all calls'), ...names.map(c => make('option', {value: c.i}, `${c.name} (${numbers.format(used[c.i])})`)));
  syscall.addEventListener('change', () => setCall(syscall.value === '' ? -1 : Number(syscall.value)));

  thread.append(make('option', {value: ''}, 'all threads'));
  trace.lanes.forEach((lane, i) => {
    const several = lane.first && trace.lanes[i + 1]?.pid === lane.pid;
    if (several) thread.append(make('option', {value: `p${lane.pid}`}, `process ${lane.pid} ${lane.program}`));
    thread.append(make('option', {value: `t${lane.index}`}, `${lane.tid === lane.pid ? '' : '\u00a0\u00a0'}${lane.tid} ${lane.program}`));
  });
  thread.addEventListener('change', () => {
    const number = Number(thread.value.slice(1));
    filter.process = thread.value[0] === 'p' ? number : -1;
    filter.thread = thread.value[0] === 't' ? number : -1;
    changed();
  });

  trace.classes.forEach((name, i) => {
    if (!ofClass[i]) return;
    byId('classes').append(make('button', {type: 'button', class: 'chip', value: i, 'aria-pressed': 'false', onclick: () => {
      if (!filter.classes.delete(i)) filter.classes.add(i);
      changed();
    }}, make('i', {class: `dot k-${name}`}), name, make('span', {class: 'soft'}, numbers.format(ofClass[i]))));
  });

  for (const name of ['errors', 'violations', 'only']) {
    byId(name).addEventListener('change', () => {
      filter[name] = byId(name).checked;
      changed();
    });
  }
  byId('violations').disabled = trace.verdicts.size === 0;

  let waiting = 0;
  query.addEventListener('input', () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      filter.query = query.value.toLowerCase();
      changed(true);
    }, 100);
  });
  query.addEventListener('keydown', event => {
    if (event.key !== 'Enter') return;
    event.preventDefault();
    if (filter.query === query.value.toLowerCase()) step(event.shiftKey ? -1 : 1);
  });
  byId('next').addEventListener('click', () => step(1));
  byId('previous').addEventListener('click', () => step(-1));
  byId('tools').addEventListener('submit', event => event.preventDefault());
  byId('everything').addEventListener('click', () => {
    byId('tools').reset();
    Object.assign(filter, {call: -1, thread: -1, process: -1, errors: false, violations: false, only: false, query: ''});
    filter.classes.clear();
    changed();
  });

  for (const [name, other] of [['calls', 'summary'], ['summary', 'calls']]) {
    const button = byId(`${name}-tab`);
    button.addEventListener('click', () => tab(name));
    button.addEventListener('keydown', event => {
      if (event.key !== 'ArrowLeft' && event.key !== 'ArrowRight') return;
      tab(other);
      byId(`${other}-tab`).focus();
    });
  }
}

// makeKeys: those of one letter are for when nothing is typed into.
function makeKeys(trace, {select, step, selection, neighbour}) {
  const help = byId('help');
  const violations = trace.order.filter(row => trace.verdicts.has(row));
  byId('keys').addEventListener('click', () => help.showModal());

  function violation(by) {
    if (violations.length === 0) return;
    const i = violations.indexOf(selection());
    const next = i < 0 ? (by > 0 ? 0 : violations.length - 1) : (i + by + violations.length) % violations.length;
    select(violations[next]);
  }
  function beside(by) {
    const row = selection() < 0 ? -1 : neighbour(selection(), by);
    if (row >= 0) select(row);
  }

  document.addEventListener('keydown', event => {
    if (event.ctrlKey || event.metaKey || event.altKey || help.open) return;
    const typing = event.target.matches('input[type=search], select');
    if (event.key === 'Escape') {
      if (typing) byId('calls').querySelector('table').focus();
      else select(-1);
      return;
    }
    if (typing) return;
    const works = {
      '/': () => { byId('query').focus(); byId('query').select(); },
      '?': () => help.showModal(),
      n: () => step(1), N: () => step(-1), v: () => violation(1), V: () => violation(-1), ']': () => beside(1), '[': () => beside(-1),
    };
    if (!works[event.key]) return;
    event.preventDefault();
    works[event.key]();
  });
}
