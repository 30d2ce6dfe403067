// What the page was made from: columns of numbers, a row for each event, in
// the order in which they were written. Strings are shared.

const CALL = 0, SIGNAL = 1, STOP = 2, BIRTH = 3, END = 4, LOST = 5;

// json reads a data element; null where it is not there or was cut off.
function json(element) {
  if (!element) return null;
  try {
    return JSON.parse(element.textContent);
  } catch {
    return null;
  }
}

// readTrace reads the page's data elements.
function readTrace() {
  const head = json(document.getElementById('head')) || {};
  const tail = json(document.getElementById('tail'));
  const blocks = [];
  let n = 0, args = 0;
  for (const element of document.querySelectorAll('script.rows')) {
    const block = json(element);
    element.remove(); // its text is not needed twice
    if (!block) break;
    blocks.push(block);
    n += block.kind.length;
    args += block.args.length - block.kind.length;
  }
  const trace = {
    n, head, tail,
    id: new Float64Array(n), kind: new Uint8Array(n), time: new Float64Array(n), duration: new Float64Array(n),
    thread: new Uint32Array(n), form: new Uint32Array(n), call: new Uint32Array(n), klass: new Uint8Array(n),
    result: new Uint32Array(n), errno: new Uint32Array(n),
    argAt: new Uint32Array(n + 1), args: new Uint32Array(args),
    strings: [''], verdicts: new Map(),
    forms: [], // how a call was written: {name, klass, arch, number, args}
    calls: [], // the names of system calls: {name, klass}; a form is of one
    threads: [], // {index, pid, tid, rows, from, to, program}
    blockAt: [], // each block's first row
    more: document.querySelectorAll('script.more'),
    classes: head.classes || [],
    arch: '', // the first call's
  };
  fill(trace, blocks);
  order(trace);
  lanes(trace);
  return trace;
}

function fill(trace, blocks) {
  const byName = new Map();
  let row = 0, id = 0, time = 0, arg = 0;
  for (const b of blocks) {
    trace.blockAt.push(row);
    for (const s of b.strings) trace.strings.push(s);
    for (let i = 0; i < b.threads.length; i += 2) {
      trace.threads.push({index: trace.threads.length, pid: b.threads[i], tid: b.threads[i + 1], rows: [], from: Infinity, to: -Infinity, program: ''});
    }
    for (const [name, klass, arch, number, ...args] of b.calls) {
      // One name on two architectures is two calls.
      trace.arch = trace.arch || arch;
      const key = arch && arch !== trace.arch ? `${name} (${arch})` : name;
      if (!byName.has(key)) {
        byName.set(key, trace.calls.length);
        trace.calls.push({name: key, klass, real: false});
      }
      trace.forms.push({name, klass, arch, number, args, call: byName.get(key)});
    }
    const first = row;
    for (let i = 0, a = 0; i < b.kind.length; i++, row++) {
      id += b.id[i];
      time += b.time[i];
      trace.id[row] = id;
      trace.time[row] = time;
      trace.kind[row] = b.kind.charCodeAt(i) - 48;
      trace.duration[row] = b.duration[i];
      trace.thread[row] = b.thread[i];
      trace.form[row] = b.call[i];
      const form = trace.forms[b.call[i]];
      trace.call[row] = form.call;
      trace.klass[row] = form.klass;
      if (trace.kind[row] === CALL) trace.calls[form.call].real = true;
      trace.result[row] = b.result[i];
      trace.errno[row] = b.errno[i];
      trace.argAt[row] = arg;
      for (let left = b.args[a++]; left > 0; left--) trace.args[arg++] = b.args[a++];
    }
    for (let i = 0; i < b.verdict.length; i += 3) {
      trace.verdicts.set(first + b.verdict[i], {action: trace.strings[b.verdict[i + 1]], rule: trace.strings[b.verdict[i + 2]]});
    }
  }
  trace.argAt[row] = arg;
}

// order sorts rows by time: a call is told of when it has returned, so those
// of other threads may come before it.
function order(trace) {
  const {n, time} = trace;
  trace.order = new Uint32Array(n);
  let sorted = true;
  for (let i = 0; i < n; i++) {
    trace.order[i] = i;
    if (i > 0 && time[i] < time[i - 1]) sorted = false;
  }
  if (!sorted) trace.order.sort((a, b) => time[a] - time[b] || a - b);
  let from = 0, to = 0;
  for (let i = 0; i < n; i++) {
    from = Math.min(from, time[i]);
    to = Math.max(to, time[i] + trace.duration[i]);
  }
  trace.from = from;
  trace.to = Math.max(to, from + 1000);
}

// lanes gives each thread its rows, in the order of time, and puts the
// threads of a process together.
function lanes(trace) {
  const {threads, order, time, duration, kind, thread} = trace;
  const rank = new Map(), byTid = new Map();
  for (const row of order) {
    const t = threads[thread[row]];
    byTid.set(t.tid, t);
    t.rows.push(row);
    t.from = Math.min(t.from, time[row]);
    t.to = Math.max(t.to, time[row] + duration[row]);
    if (!rank.has(t.pid)) rank.set(t.pid, rank.size);
    if (kind[row] === CALL) named(trace, t, row);
    if (kind[row] === BIRTH && t.pid === t.tid) {
      // A new process runs its parent's program until it begins another.
      const parent = byTid.get(Number(trace.strings[trace.result[row]].replace(/\D+/, '')));
      if (parent) t.program = byTid.get(parent.pid)?.program || parent.program;
    }
  }
  trace.lanes = threads.filter(t => t.rows.length > 0);
  trace.lanes.sort((a, b) => rank.get(a.pid) - rank.get(b.pid) || (b.tid === b.pid) - (a.tid === a.pid) || a.from - b.from || a.tid - b.tid);
  let pid = -1;
  for (const t of trace.lanes) {
    t.first = t.pid !== pid;
    pid = t.pid;
  }
  trace.processes = rank.size;
}

// named notes the program that a thread's process has begun.
function named(trace, t, row) {
  const name = trace.calls[trace.call[row]].name;
  if (!name.startsWith('execve') || trace.errno[row]) return;
  const at = trace.argAt[row] + (name.startsWith('execveat') ? 1 : 0);
  const path = /^"(.*)"$/.exec(trace.strings[trace.args[at]] || '');
  if (path) t.program = path[1].replace(/^.*\//, '');
}

// argsText is what is between a call's parentheses.
function argsText(trace, row) {
  let text = '';
  for (let i = trace.argAt[row]; i < trace.argAt[row + 1]; i++) {
    text += (text && ', ') + trace.strings[trace.args[i]];
  }
  return text;
}

// nameText is a row's first word.
function nameText(trace, row) {
  return trace.forms[trace.form[row]].name;
}

// restText is what follows it; the result has a column of its own.
function restText(trace, row) {
  if (trace.kind[row] === CALL) return `(${argsText(trace, row)})`;
  const said = trace.strings[trace.result[row]];
  return said && ' ' + said;
}

function resultText(trace, row) {
  return trace.kind[row] === CALL ? trace.strings[trace.result[row]] : '';
}

// lineText is all of a row's text, as a line of strace's would have it.
function lineText(trace, row) {
  const result = resultText(trace, row);
  return nameText(trace, row) + restText(trace, row) + (result && ' = ' + result);
}

// rowOf finds an event by its number, or -1.
function rowOf(trace, id) {
  let low = 0, high = trace.n;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (trace.id[middle] < id) low = middle + 1; else high = middle;
  }
  return low < trace.n && trace.id[low] === id ? low : -1;
}

// detailOf gives what only the detail pane shows: the returned register, the
// arguments' registers, whole file names, and the stack.
function detailOf(trace, row) {
  let b = 0;
  while (b + 1 < trace.blockAt.length && trace.blockAt[b + 1] <= row) b++;
  if (!trace.parsed || trace.parsed.block !== b) trace.parsed = {block: b, list: json(trace.more[b])};
  const item = trace.parsed.list ? trace.parsed.list[row - trace.blockAt[b]] : null;
  if (!item) return {missing: !trace.parsed.list, value: '', raw: [], paths: [], stack: []};
  return {missing: false, value: item[0], raw: item[1], paths: item[2], stack: item[3].map(s => trace.strings[s])};
}
