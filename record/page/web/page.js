// The page: heading, controls, and what ties the views together.

const themes = ['auto', 'light', 'dark'];

// theme follows the system until the button says otherwise.
function makeTheme(changed) {
  const button = byId('theme'), root = document.documentElement;
  let now = 'auto';
  try {
    now = themes.includes(localStorage.getItem('warder-theme')) ? localStorage.getItem('warder-theme') : 'auto';
  } catch { /* no storage for this origin */ }
  const set = () => {
    if (now === 'auto') delete root.dataset.theme; else root.dataset.theme = now;
    button.textContent = {auto: '◐ auto', light: '☀ light', dark: '☾ dark'}[now];
    button.setAttribute('aria-label', `Colours: ${now}`);
    changed();
  };
  button.addEventListener('click', () => {
    now = themes[(themes.indexOf(now) + 1) % themes.length];
    try {
      localStorage.setItem('warder-theme', now);
    } catch { /* it is kept for this visit */ }
    set();
  });
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', changed);
  set();
}

// quoted writes an argument as a shell would take it.
function quoted(arg) {
  return /^[\w@%+=:,./-]+$/.test(arg) ? arg : `'${arg.replaceAll("'", `'\\''`)}'`;
}

function heading(trace, select) {
  const {head, tail} = trace;
  const command = (head.command || []).map(quoted).join(' ');
  byId('command').textContent = command || 'a recording';
  byId('command').title = command;
  let calls = 0, errors = 0, signals = 0;
  for (let row = 0; row < trace.n; row++) {
    if (trace.kind[row] === CALL) calls++;
    if (trace.kind[row] === SIGNAL) signals++;
    if (trace.errno[row]) errors++;
  }
  const facts = byId('facts');
  const fact = (...text) => facts.append(make('li', null, ...text));
  if (head.start) fact(make('time', {datetime: head.start, title: new Date(head.start).toString()}, `${head.start.slice(0, 10)} ${head.start.slice(11, 19)} UTC`));
  fact(span(tail ? tail.length : trace.to));
  if (tail && tail.outcome) fact(make('strong', {class: 'bad'}, tail.outcome));
  if (tail && tail.exit) fact(tail.exit);
  fact(count(calls, 'call'));
  fact(`${count(trace.processes, 'process', 'processes')}, ${count(trace.lanes.length, 'thread')}`);
  if (errors) fact(make('button', {type: 'button', onclick: () => byId('errors').click()}, count(errors, 'error')));
  if (signals) fact(count(signals, 'signal'));
  if (trace.verdicts.size) {
    const first = [...trace.verdicts.keys()][0];
    fact(make('button', {type: 'button', class: 'violations', onclick: () => select(first)}, count(trace.verdicts.size, 'violation')));
  }
  if (head.policy) fact('policy ', head.policy);
  if (head.version) fact('warder ', head.version);
  notes(trace);
}

function notes(trace) {
  const {tail} = trace;
  const note = text => byId('notes').append(make('p', {class: 'note'}, text));
  if (!tail) note('This file was cut off: it shows the recording up to where it ends.');
  if (tail && tail.left) {
    const names = tail.leftNames.map(([name, n]) => `${name} ${numbers.format(n)}`).join(', ');
    note(`${count(tail.left, 'event')} of ${numbers.format(tail.total)} ${tail.left === 1 ? 'is' : 'are'} not in this page, which holds the first ${numbers.format(trace.n)}. Left out: ${names}. What a policy did not allow, signals and ends are kept longer than other calls.`);
  }
  if (tail && tail.lost) note(`${count(tail.lost, 'event')} ${tail.lost === 1 ? 'was' : 'were'} dropped while recording: the recorder was slower than the program.`);
}

function start() {
  const trace = readTrace();
  const filter = makeFilter(trace);
  const scale = makeScale(trace.from, trace.to);
  const timeline = makeTimeline(trace, filter, scale);
  const moved = () => { timeline.draw(); overview.draw(); };
  const overview = makeOverview(trace, filter, scale, moved);
  let selection = -1;

  // select is what every view calls; row -1 unselects.
  function select(row, keep) {
    if (row !== selection) {
      selection = row;
      detail.show(row);
    }
    timeline.selected = row;
    table.select(row);
    filter.toHit(row);
    hitText();
    if (row >= 0) {
      timeline.reveal(row);
      table.reveal(row);
    }
    const hash = row < 0 ? '#' : `#call-${trace.id[row]}`;
    if (!keep && location.hash !== hash) {
      try {
        history.replaceState(null, '', hash);
      } catch { /* a page without an address */ }
    }
    moved();
  }
  const zoom = row => { timeline.zoomTo(row); moved(); };
  const table = makeTable(trace, filter, {selected: select, pressed: zoom});
  const summary = makeSummary(trace, filter, call => { setCall(call); tab('calls'); });
  const detail = makeDetail(trace, {selected: select, zoomed: zoom, only: call => { setCall(call); tab('calls'); }});
  makePointer(trace, scale, timeline, {moved, selected: select, pressed: zoom});

  function hitText() {
    const out = byId('hits');
    out.textContent = filter.query === '' ? '' : filter.searching ? '…' : filter.hits.length === 0 ? 'none' :
      `${filter.hit >= 0 ? numbers.format(filter.hit + 1) : '–'} / ${numbers.format(filter.hits.length)}`;
    out.classList.toggle('bad', filter.query !== '' && !filter.searching && filter.hits.length === 0);
    byId('previous').disabled = byId('next').disabled = filter.hits.length === 0;
  }

  // changed applies the filter and shows what it lets through.
  async function changed(jump) {
    const applied = filter.apply();
    hitText();
    if (!await applied) return;
    table.refresh();
    summary.refresh();
    overview.recount();
    timeline.draw();
    byId('shown').textContent = filter.view.length === trace.n ? count(trace.n, 'event') : `${numbers.format(filter.view.length)} of ${count(trace.n, 'event')}`;
    byId('everything').disabled = !filter.active() && filter.query === '';
    for (const chip of byId('classes').children) chip.setAttribute('aria-pressed', filter.classes.has(Number(chip.value)));
    document.documentElement.dataset.applied = filter.view.length;
    if (jump && filter.hits.length) {
      const here = selection >= 0 ? filter.place[selection] : -1;
      if (here < 0 || !filter.hits.includes(here)) step(1); else select(selection);
    } else {
      filter.toHit(selection);
      table.reveal(selection);
    }
    hitText();
  }

  function step(by) {
    const row = filter.step(selection >= 0 ? filter.place[selection] : by > 0 ? -1 : filter.view.length, by);
    if (row >= 0) select(row);
  }

  function setCall(call) {
    filter.call = call;
    byId('syscall').value = call < 0 ? '' : call;
    changed();
  }

  function tab(name) {
    for (const view of ['calls', 'summary']) {
      const open = view === name, button = byId(`${view}-tab`);
      byId(view).hidden = !open;
      button.setAttribute('aria-selected', open);
      button.tabIndex = open ? 0 : -1;
    }
    summary.refresh();
    table.draw();
  }

  makeControls(trace, filter, {changed, step, setCall, tab});
  makeKeys(trace, {select, step, selection: () => selection, neighbour: detail.neighbour});
  makeTheme(() => { timeline.recolour(); overview.recolour(); });
  heading(trace, select);
  detail.show(-1);
  changed();

  const followHash = () => {
    const id = /^#call-(\d+)$/.exec(location.hash);
    const row = id ? rowOf(trace, Number(id[1])) : -1;
    if (row >= 0) select(row, true);
  };
  window.addEventListener('hashchange', followHash);
  requestAnimationFrame(() => {
    followHash();
    document.documentElement.dataset.ready = trace.n;
  });
}

document.addEventListener('DOMContentLoaded', start);
