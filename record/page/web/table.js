// The table of calls. Only the rows in sight are in the document: the table
// stays where it is, and scrolling, by whole rows, changes what they show.

const ROW = 22;
// Browsers have no element higher than this; beyond it a pixel is more than one.
const TALLEST = 8e6;

function makeTable(trace, filter, {selected, pressed}) {
  const box = byId('calls');
  const body = make('tbody');
  const table = make('table', {role: 'grid', 'aria-label': 'Calls', tabindex: '0'},
    make('thead', null, make('tr', {'aria-rowindex': 1},
      ...[['number', '#'], ['time', 'Time, s'], ['thread', 'Thread'], ['call', 'Call'], ['result', 'Result'], ['duration', 'Took']].map(([name, title]) =>
        make('th', {scope: 'col', class: name}, title)))),
    body);
  const pane = make('div', {class: 'pane'}, table);
  const high = make('div', {class: 'high'}, pane);
  const empty = make('p', {class: 'empty', hidden: true}, 'No call is like that. ', make('button', {type: 'button', onclick: () => byId('everything').click()}, 'Show all'));
  box.append(high, empty);
  const pool = [];
  const t = {selected: -1};
  let squeeze = 1, head = 0, first = 0;

  const fits = () => Math.max(1, Math.floor((box.clientHeight - head) / ROW));

  // refresh is for after the filter has changed.
  t.refresh = () => {
    const n = filter.view.length;
    const tall = n * ROW;
    squeeze = Math.max(1, tall / TALLEST);
    high.style.height = `${tall / squeeze + (table.tHead.offsetHeight || ROW) + 1}px`;
    table.setAttribute('aria-rowcount', n + 1);
    empty.hidden = n > 0;
    table.hidden = n === 0;
    t.draw();
  };

  t.draw = soon(() => {
    if (box.clientHeight === 0) return; // the other view is open
    head = table.tHead.offsetHeight;
    const n = filter.view.length;
    // Squeezed, the last row is still at the end of the scrollbar.
    const end = Math.max(1, high.offsetHeight - box.clientHeight);
    const top = squeeze > 1 ? box.scrollTop / end * Math.max(0, n * ROW - box.clientHeight + head) : box.scrollTop;
    first = Math.max(0, Math.min(Math.ceil(top / ROW), n - 1));
    pane.style.height = `${box.clientHeight}px`;
    const most = Math.min(n - first, fits() + 1);
    while (pool.length < most) pool.push(newRow());
    for (let i = 0; i < most; i++) fillRow(pool[i], filter.view[first + i], first + i);
    if (body.children.length !== most) body.replaceChildren(...pool.slice(0, most));
    table.dataset.first = first;
  });

  function newRow() {
    const cells = ['number', 'time', 'thread', 'call', 'result', 'duration'].map(name => make('td', {class: name}));
    const tr = make('tr', null, ...cells);
    tr.addEventListener('mousedown', event => { if (event.button === 0 && event.detail < 2) selected(tr.row); });
    tr.addEventListener('dblclick', () => pressed(tr.row));
    return tr;
  }

  function fillRow(tr, row, place) {
    const [number, time, thread, call, result, length] = tr.children;
    const lane = trace.threads[trace.thread[row]];
    const verdict = trace.verdicts.get(row);
    tr.row = row;
    tr.id = `row-${trace.id[row]}`;
    tr.setAttribute('aria-rowindex', place + 2);
    tr.setAttribute('aria-selected', row === t.selected);
    tr.className = [verdict ? 'violation' : '', trace.errno[row] ? 'error' : '', trace.kind[row] === CALL ? '' : 'event', row === t.selected ? 'selected' : ''].join(' ');
    number.textContent = trace.id[row];
    time.textContent = seconds(trace.time[row]);
    thread.textContent = lane.tid;
    if (lane.program) thread.append(' ', make('span', {class: 'soft'}, lane.program));
    const needle = filter.query;
    const name = make('b'), rest = make('span');
    marked(name, nameText(trace, row), needle);
    marked(rest, restText(trace, row), needle);
    call.replaceChildren(make('i', {class: `dot k-${trace.classes[trace.klass[row]]}`}));
    if (verdict) call.append(make('em', {class: 'badge'}, verdict.action));
    call.append(name, rest);
    result.replaceChildren();
    marked(result, resultText(trace, row), needle);
    length.textContent = trace.duration[row] ? span(trace.duration[row]) : '';
  }

  // reveal scrolls to a row where it is not in sight.
  t.reveal = row => {
    const place = row < 0 ? -1 : filter.place[row];
    if (place < 0) return;
    const n = filter.view.length, room = fits();
    const end = Math.max(1, high.offsetHeight - box.clientHeight), all = Math.max(1, n * ROW - box.clientHeight + head);
    const top = Math.ceil((squeeze > 1 ? box.scrollTop / end * all : box.scrollTop) / ROW);
    if (place >= top && place < top + room) return;
    // One row beyond the edge is a step; farther is a jump, to the middle.
    const near = place === top - 1 ? place : place === top + room ? place - room + 1 : place - Math.floor(room / 2);
    const target = Math.max(0, near) * ROW;
    box.scrollTop = squeeze > 1 ? target / all * end : target;
  };

  t.select = row => {
    t.selected = row;
    if (row >= 0) table.setAttribute('aria-activedescendant', `row-${trace.id[row]}`);
    else table.removeAttribute('aria-activedescendant');
    t.draw();
  };

  table.addEventListener('keydown', event => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const n = filter.view.length;
    let place = t.selected < 0 ? -1 : filter.place[t.selected];
    const away = place < 0 ? first - 1 : place;
    switch (event.key) {
      case 'ArrowDown': place = away + 1; break;
      case 'ArrowUp': place = place < 0 ? first : place - 1; break;
      case 'PageDown': place = away + fits() - 1; break;
      case 'PageUp': place = away - fits() + 1; break;
      case 'Home': place = 0; break;
      case 'End': place = n - 1; break;
      case 'Enter': if (t.selected >= 0) pressed(t.selected); event.preventDefault(); return;
      default: return;
    }
    event.preventDefault();
    if (n > 0) selected(filter.view[Math.max(0, Math.min(place, n - 1))]);
  });

  box.addEventListener('scroll', t.draw);
  new ResizeObserver(t.draw).observe(box);
  return t;
}
