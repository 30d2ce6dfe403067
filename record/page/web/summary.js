// The summary: a line for each system call, of what the filter lets through.

function makeSummary(trace, filter, chosen) {
  const box = byId('summary');
  const columns = [
    {key: 'name', title: 'System call'}, {key: 'calls', title: 'Calls'}, {key: 'errors', title: 'Errors'},
    {key: 'total', title: 'Total time'}, {key: 'part', title: 'Part'}, {key: 'median', title: 'Median'}, {key: 'most', title: 'Longest'},
  ];
  const body = make('tbody'), foot = make('tfoot');
  const heads = columns.map(c => make('th', {scope: 'col', class: c.key}, make('button', {type: 'button', onclick: () => sortBy(c.key)}, c.title)));
  box.append(make('table', {'aria-label': 'Summary by system call'}, make('thead', null, make('tr', null, ...heads)), body, foot));
  let by = 'total', down = true, lines = [];

  function sortBy(key) {
    down = key === by ? !down : key !== 'name';
    by = key;
    draw();
  }

  // count goes through the calls: a time that was not waited for is 0 and
  // counts in no time.
  function gather() {
    const found = new Map();
    for (const row of trace.order) {
      if (trace.kind[row] !== CALL || !filter.passes(row, true)) continue;
      let line = found.get(trace.call[row]);
      if (!line) {
        line = {call: trace.call[row], klass: trace.klass[row], name: trace.calls[trace.call[row]].name, calls: 0, errors: 0, total: 0, most: 0, median: 0, times: []};
        found.set(trace.call[row], line);
      }
      line.calls++;
      if (trace.errno[row]) line.errors++;
      const length = trace.duration[row];
      if (length > 0) {
        line.total += length;
        line.most = Math.max(line.most, length);
        line.times.push(length);
      }
    }
    lines = [...found.values()];
    for (const line of lines) {
      const times = Float64Array.from(line.times).sort(), half = times.length >> 1;
      line.median = times.length === 0 ? 0 : times.length % 2 ? times[half] : (times[half - 1] + times[half]) / 2;
      line.times = null;
    }
  }

  function draw() {
    const all = {calls: 0, errors: 0, total: 0};
    for (const line of lines) for (const key of Object.keys(all)) all[key] += line[key];
    const key = by === 'part' ? 'total' : by;
    lines.sort((a, b) => (key === 'name' ? a.name.localeCompare(b.name) : a[key] - b[key]) * (down ? -1 : 1) || a.name.localeCompare(b.name));
    heads.forEach((th, i) => {
      const mine = columns[i].key === by;
      th.setAttribute('aria-sort', mine ? (down ? 'descending' : 'ascending') : 'none');
    });
    const time = ns => (ns > 0 ? span(ns) : '');
    body.replaceChildren(...lines.map(line => {
      const meter = make('span', {class: `meter k-${trace.classes[line.klass]}`});
      meter.style.width = `${all.total ? line.total / all.total * 100 : 0}%`;
      return make('tr', {class: line.call === filter.call ? 'selected' : ''},
        make('th', {scope: 'row', class: 'name'}, make('i', {class: `dot k-${trace.classes[line.klass]}`}),
          make('button', {type: 'button', title: 'Show these calls', onclick: () => chosen(line.call)}, line.name)),
        make('td', null, numbers.format(line.calls)), make('td', {class: line.errors ? 'bad' : ''}, line.errors ? numbers.format(line.errors) : ''),
        make('td', null, time(line.total)), make('td', {class: 'part'}, make('span', {class: 'track'}, meter), make('span', null, all.total ? `${(line.total / all.total * 100).toFixed(1)} %` : '')),
        make('td', null, time(line.median)), make('td', null, time(line.most)));
    }));
    foot.replaceChildren(make('tr', null, make('th', {scope: 'row', class: 'name'}, count(lines.length, 'system call')),
      make('td', null, numbers.format(all.calls)), make('td', null, all.errors ? numbers.format(all.errors) : ''), make('td', null, time(all.total)), make('td'), make('td'), make('td')));
  }

  return {
    refresh: () => {
      if (box.hidden) return;
      gather();
      draw();
    },
  };
}
