// The pane that shows all that is known of one event.

function makeDetail(trace, {selected, zoomed, only}) {
  const box = byId('detail');

  function line(name, ...value) {
    return value.some(v => v !== '' && v !== null) ? [make('dt', null, name), make('dd', null, ...value)] : [];
  }

  // clock is a moment of the day, in UTC as the JSON form has it.
  function clock(ns) {
    const start = /^(.*)\.(\d{9})Z$/.exec(trace.head.start || '');
    if (!start) return '';
    const whole = BigInt(Date.parse(start[1] + 'Z')) * 1000000n + BigInt(start[2]) + BigInt(Math.round(ns));
    const second = new Date(Number(whole / 1000000000n) * 1000).toISOString();
    return `${second.slice(11, 19)}.${String(whole % 1000000000n).padStart(9, '0')} UTC`;
  }

  function args(row, more) {
    const form = trace.forms[trace.form[row]], from = trace.argAt[row], to = trace.argAt[row + 1];
    if (to === from) return [];
    const lines = [];
    for (let i = 0; i < to - from; i++) {
      const text = trace.strings[trace.args[from + i]];
      const path = more.paths[i];
      lines.push(make('tr', null,
        make('th', {scope: 'row'}, form.args[i] || `${i}`),
        make('td', null, make('div', {class: 'value'}, text),
          path && path !== 1 ? make('div', {class: 'soft'}, 'file name ', make('span', {class: 'value'}, path)) : null,
          more.raw[i] ? make('div', {class: 'raw'}, more.raw[i]) : null)));
    }
    return [make('h3', null, 'Arguments'), make('table', {class: 'args'}, make('tbody', null, ...lines))];
  }

  // neighbour is the event before or after in the same thread, or -1.
  const neighbour = (row, by) => {
    const rows = trace.threads[trace.thread[row]].rows;
    let i = firstAtLeast(rows, trace.time, trace.time[row]);
    while (rows[i] !== row) i++;
    return i + by >= 0 && i + by < rows.length ? rows[i + by] : -1;
  };

  function button(title, text, work, off) {
    return make('button', {type: 'button', title, disabled: off, onclick: work}, text);
  }

  function show(row) {
    box.classList.toggle('open', row >= 0);
    if (row < 0) {
      box.replaceChildren(make('p', {class: 'empty'}, 'Select a call in the table or in the timeline to see its arguments, result and stack.'));
      return;
    }
    const more = detailOf(trace, row), form = trace.forms[trace.form[row]], lane = trace.threads[trace.thread[row]];
    const call = trace.kind[row] === CALL, verdict = trace.verdicts.get(row);
    const before = neighbour(row, -1), after = neighbour(row, 1);
    const link = `#call-${trace.id[row]}`;
    box.replaceChildren(
      make('div', {class: 'line'},
        make('h2', null, make('i', {class: `dot k-${trace.classes[form.klass]}`}), form.name),
        make('a', {href: link, title: 'The link to this event'}, `#${trace.id[row]}`),
        button('Previous of this thread ( [ )', '‹', () => selected(before), before < 0),
        button('Next of this thread ( ] )', '›', () => selected(after), after < 0),
        button('Unselect (Esc)', '×', () => selected(-1))),
      make('div', {class: 'body'},
        verdict ? make('div', {class: 'verdict'}, make('strong', null, verdict.action), verdict.rule) : '',
        make('pre', {class: trace.errno[row] ? 'error' : ''}, call ? lineText(trace, row) : `${form.name}${restText(trace, row)}`),
        make('div', {class: 'line'},
          button('Zoom the timeline to it', 'Zoom to it', () => zoomed(row)),
          call ? button('Show this system call only', `Only ${form.name}`, () => only(trace.call[row])) : ''),
        make('dl', null,
          ...(call ? line('Result', make('span', {class: trace.errno[row] ? 'bad value' : 'value'}, trace.strings[trace.result[row]] || 'not waited for')) : []),
          ...line('Register', more.value && make('span', {class: 'value'}, more.value)),
          ...line('Took', trace.duration[row] ? `${span(trace.duration[row])} (${numbers.format(trace.duration[row])} ns)` : ''),
          ...line('At', `${(trace.time[row] / 1e9).toFixed(9)} s`),
          ...line('Clock', clock(trace.time[row])),
          ...line('Thread', `${lane.tid}${lane.tid === lane.pid ? '' : ` of process ${lane.pid}`}${lane.program ? `, ${lane.program}` : ''}`),
          ...line('Class', trace.classes[form.klass] || ''),
          ...line('Number', call && form.arch ? `${form.number} on ${form.arch}` : '')),
        ...args(row, more),
        ...(more.stack.length ? [make('h3', null, 'Stack'), make('ol', {class: 'stack', start: 0}, ...more.stack.map(frame => make('li', null, frame)))] : []),
        more.missing ? make('p', {class: 'soft'}, 'Registers and stack of this event are behind the end of the file.') : ''));
    box.scrollTop = 0;
  }

  return {show, neighbour};
}
