// The timeline: a lane for each thread, calls as bars.

const LANE = 22, BAR = 14, AXIS = 24, MARK = 5;

// makeTimeline draws the part of the recording that scale shows. What was
// drawn is counted in the canvas's data attributes.
function makeTimeline(trace, filter, scale) {
  const box = byId('lanes'), canvas = byId('chart'), g = canvas.getContext('2d');
  const {time, duration, kind, klass, errno, verdicts, lanes} = trace;
  const laneOf = new Map(lanes.map((lane, i) => [lane, i]));
  const widths = new Map(); // of names, in pixels
  let colours, width = 0, height = 0, bars = 0, marks = 0;
  const t = {selected: -1, hovered: -1, pointer: -1, band: null};

  const content = AXIS + lanes.length * LANE + 6;
  byId('spacer').style.height = `${content}px`;
  box.style.height = `${Math.min(content + 1, Math.max(window.innerHeight * 0.26, 116))}px`;

  t.recolour = () => {
    colours = readColours(trace.classes);
    widths.clear();
    t.draw();
  };

  function measure() {
    const ratio = window.devicePixelRatio || 1;
    width = box.clientWidth;
    height = box.clientHeight;
    const w = Math.round(width * ratio), h = Math.round(height * ratio);
    if (canvas.width !== w || canvas.height !== h) {
      canvas.width = w;
      canvas.height = h;
      canvas.style.width = `${width}px`;
      canvas.style.height = `${height}px`;
    }
    scale.left = width < 760 ? 104 : 148;
    scale.width = Math.max(width - scale.left - 8, 1);
    g.setTransform(ratio, 0, 0, ratio, 0, 0);
  }

  const top = i => AXIS + i * LANE - box.scrollTop;

  t.draw = soon(() => {
    if (!colours) return;
    measure();
    bars = marks = 0;
    g.fillStyle = colours.panel;
    g.fillRect(0, 0, width, height);
    g.textBaseline = 'middle';
    const ticks = scale.ticks();
    grid(ticks);
    const first = Math.max(0, Math.floor(box.scrollTop / LANE));
    const last = Math.min(lanes.length - 1, Math.floor((box.scrollTop + height - AXIS) / LANE));
    g.save();
    g.beginPath();
    g.rect(scale.left, AXIS, width - scale.left, height);
    g.clip();
    for (let i = first; i <= last; i++) drawBars(lanes[i], top(i));
    outline(t.hovered, colours.soft, 1);
    outline(t.selected, colours.text, 2);
    for (let i = first; i <= last; i++) drawMarks(lanes[i], top(i));
    pointer();
    g.restore();
    axis(ticks);
    gutter(first, last);
    canvas.dataset.bars = bars;
    canvas.dataset.marks = marks;
    canvas.dataset.from = scale.from;
    canvas.dataset.to = scale.to;
    canvas.setAttribute('aria-label', `${count(trace.n, 'event')} of ${count(lanes.length, 'thread')}, shown from ${seconds(scale.from)} to ${seconds(scale.to)} seconds`);
  });

  function grid(ticks) {
    g.fillStyle = colours.faint;
    for (const tick of ticks) g.fillRect(Math.round(scale.x(tick.t)), AXIS, 1, height);
    const i = t.selected >= 0 ? laneOf.get(trace.threads[trace.thread[t.selected]]) : -1;
    if (i >= 0) g.fillRect(scale.left, top(i), width, LANE);
  }

  function axis(ticks) {
    g.fillStyle = colours.panel;
    g.fillRect(0, 0, width, AXIS);
    g.fillStyle = colours.line;
    g.fillRect(0, AXIS - 1, width, 1);
    g.font = `11px ${colours.font}`;
    g.textAlign = 'left';
    for (const tick of ticks) {
      const x = Math.round(scale.x(tick.t));
      if (x < scale.left) continue;
      g.fillStyle = colours.line;
      g.fillRect(x, AXIS - 6, 1, 6);
      g.fillStyle = colours.soft;
      if (x + 4 + g.measureText(tick.name).width < width) g.fillText(tick.name, x + 4, AXIS / 2);
    }
  }

  function gutter(first, last) {
    g.fillStyle = colours.panel;
    g.fillRect(0, AXIS, scale.left - 1, height);
    g.fillStyle = colours.line;
    g.fillRect(scale.left - 1, 0, 1, height);
    g.save();
    g.beginPath();
    g.rect(0, AXIS, scale.left - 6, height);
    g.clip();
    for (let i = first; i <= last; i++) {
      const lane = lanes[i], y = top(i) + LANE / 2;
      if (lane.first && i > 0) {
        g.fillStyle = colours.line;
        g.fillRect(0, top(i), scale.left, 1);
      }
      g.font = `${lane.first ? '600 ' : ''}11.5px ${colours.mono}`;
      g.fillStyle = lane.first ? colours.text : colours.soft;
      const number = `${lane.first ? '' : '  '}${lane.tid}`;
      g.fillText(number, 10, y);
      if (lane.program) {
        const x = 10 + g.measureText(number + ' ').width;
        g.font = `11.5px ${colours.font}`;
        g.fillText(lane.program, x, y);
      }
    }
    g.restore();
    g.font = `11px ${colours.font}`;
    g.fillStyle = colours.soft;
    g.fillText('thread', 10, AXIS / 2);
  }

  // drawBars draws a lane's calls. Of those that share one pixel it draws the
  // longest of those that are shown.
  function drawBars(lane, y) {
    const x0 = Math.max(scale.x(lane.from), scale.left), x1 = Math.min(scale.x(lane.to), width);
    g.fillStyle = colours.line;
    if (x1 >= x0) g.fillRect(x0, y + LANE / 2, Math.max(x1 - x0, 1), 1);
    const rows = lane.rows, shown = filter.shown, up = y + (LANE - BAR) / 2;
    let i = firstAtLeast(rows, time, scale.from);
    // The call before may reach in; signals may have come during it.
    for (let back = i - 1; back >= 0; back--) {
      i = back;
      if (kind[rows[back]] === CALL) break;
    }
    let pixel = -1, best = -1;
    const flush = () => {
      if (best >= 0) bar(best, pixel, 1, up);
      best = -1;
    };
    for (; i < rows.length; i++) {
      const row = rows[i];
      if (time[row] > scale.to) break;
      if (kind[row] !== CALL) continue;
      const a = scale.x(time[row]), w = duration[row] / (scale.to - scale.from) * scale.width;
      if (w >= 1.5) {
        flush();
        pixel = -1;
        const cut = Math.max(a, scale.left - 4);
        bar(row, cut, Math.min(a + w, width + 4) - cut, up);
        continue;
      }
      const p = Math.floor(a);
      if (p !== pixel) {
        flush();
        pixel = p;
      }
      if (best < 0 || shown[row] > shown[best] || shown[row] === shown[best] && duration[row] > duration[best]) best = row;
    }
    flush();
  }

  function bar(row, x, w, y) {
    bars++;
    const shown = filter.shown[row];
    g.globalAlpha = shown ? 1 : 0.14;
    g.fillStyle = colours.classes[klass[row]];
    // A gap shows where one call ends and the next begins.
    g.fillRect(x, y, w > 4 ? w - 1 : w, BAR);
    if (errno[row] && w >= 3) {
      g.fillStyle = colours.bad;
      g.fillRect(x, y + BAR, w - 1, 2);
    }
    if (w > 24 && shown) {
      const name = nameText(trace, row);
      g.font = `11px ${colours.font}`;
      if (!widths.has(name)) widths.set(name, g.measureText(name).width);
      const at = Math.max(x, scale.left) + 4;
      if (at + widths.get(name) + 4 < x + w) {
        g.fillStyle = colours.onBar;
        g.fillText(name, at, y + BAR / 2 + 0.5);
      }
    }
    g.globalAlpha = 1;
  }

  // drawMarks draws what is no call, and violations over their bars.
  function drawMarks(lane, y) {
    const rows = lane.rows;
    let lastX = -9, lastKind = -1;
    for (let i = firstAtLeast(rows, time, scale.from); i < rows.length; i++) {
      const row = rows[i];
      if (time[row] > scale.to) break;
      const what = verdicts.has(row) ? -2 : kind[row];
      if (what === CALL) continue;
      const x = Math.round(scale.x(time[row]));
      if (x - lastX < 2 && what === lastKind) continue; // a thousand of them look the same
      lastX = x;
      lastKind = what;
      marks++;
      g.globalAlpha = filter.shown[row] ? 1 : 0.2;
      mark(what, x, y);
      g.globalAlpha = 1;
    }
  }

  function mark(what, x, y) {
    const middle = y + LANE / 2;
    g.beginPath();
    switch (what) {
      case -2: // a violation: a line through all lanes, and a diamond
        g.fillStyle = colours.bad;
        g.fillRect(x, AXIS, 1, height);
        g.lineWidth = 2;
        g.strokeStyle = colours.panel;
        g.moveTo(x + 0.5, middle - 8);
        g.lineTo(x + 8.5, middle);
        g.lineTo(x + 0.5, middle + 8);
        g.lineTo(x - 7.5, middle);
        g.closePath();
        g.stroke();
        g.fill();
        return;
      case SIGNAL:
      case STOP: // a flag above the lane
        g.fillStyle = colours.classes[trace.classes.indexOf('signal')] || colours.text;
        g.moveTo(x - MARK, y + 1);
        g.lineTo(x + MARK + 1, y + 1);
        g.lineTo(x + 0.5, y + 1 + MARK + 2);
        g.fill();
        g.fillRect(x, y + 2, 1, LANE - 4);
        return;
      case BIRTH:
        g.fillStyle = colours.text;
        g.fillRect(x, middle - 6, 1, 13);
        g.moveTo(x + 1, middle - 4);
        g.lineTo(x + 5, middle);
        g.lineTo(x + 1, middle + 4);
        g.fill();
        return;
      case LOST:
        g.fillStyle = colours.bad;
        g.fillRect(x - 1, y + 2, 3, LANE - 4);
        return;
      default: // an end
        g.fillStyle = colours.text;
        g.fillRect(x, middle - 6, 2, 13);
    }
  }

  function outline(row, colour, thick) {
    if (row < 0) return;
    const i = laneOf.get(trace.threads[trace.thread[row]]);
    const a = Math.max(scale.x(time[row]), scale.left - 4);
    const b = Math.min(scale.x(time[row] + duration[row]), width + 4);
    if (b < scale.left - 4 || a > width + 4) return;
    g.strokeStyle = colour;
    g.lineWidth = thick;
    const w = Math.max(b - a, 3);
    g.strokeRect(a - 1.5, top(i) + 2.5, w + 3, LANE - 5);
  }

  function pointer() {
    if (t.band) {
      g.fillStyle = colours.accent;
      g.globalAlpha = 0.2;
      g.fillRect(Math.min(t.band.from, t.band.to), AXIS, Math.abs(t.band.to - t.band.from), height);
      g.globalAlpha = 1;
    } else if (t.pointer >= scale.left) {
      g.fillStyle = colours.soft;
      g.fillRect(Math.round(t.pointer), AXIS, 1, height);
    }
  }

  // find gives the row that is drawn at a place, or -1.
  t.find = (x, y) => {
    const lane = lanes[Math.floor((y - AXIS + box.scrollTop) / LANE)];
    if (!lane || y < AXIS || x < scale.left) return -1;
    const near = 5 / scale.width * (scale.to - scale.from);
    const at = scale.at(x), rows = lane.rows;
    let best = -1, bestAway = near;
    let i = firstAtLeast(rows, time, at + near) - 1;
    for (let tries = 0; i >= 0 && tries < 400; i--, tries++) {
      const row = rows[i], call = kind[row] === CALL && !verdicts.has(row);
      const away = at < time[row] ? time[row] - at : Math.max(0, at - time[row] - duration[row]);
      // A mark is drawn over bars, and a bar that is not shown is beside others.
      const cost = away + (filter.shown[row] ? 0 : near / 2) - (call ? 0 : near / 2);
      if (away <= near && cost < bestAway) {
        best = row;
        bestAway = cost;
      }
      if (time[row] + duration[row] < at - near && kind[row] === CALL) break;
    }
    return best;
  };

  // reveal moves the picture where a row is not in it.
  t.reveal = row => {
    const length = scale.to - scale.from, at = time[row];
    if (at + duration[row] < scale.from + length * 0.02 || at > scale.to - length * 0.02) scale.show(at - length / 2, at + length / 2);
    const i = laneOf.get(trace.threads[trace.thread[row]]);
    if (i * LANE < box.scrollTop) box.scrollTop = i * LANE;
    else if ((i + 1) * LANE > box.scrollTop + box.clientHeight - AXIS) box.scrollTop = (i + 1) * LANE - box.clientHeight + AXIS;
  };

  // zoomTo shows a row large, with what is around it.
  t.zoomTo = row => {
    const around = Math.max(duration[row] * 3, 20e3);
    scale.show(time[row] + duration[row] / 2 - around, time[row] + duration[row] / 2 + around);
  };

  box.addEventListener('scroll', t.draw);
  new ResizeObserver(t.draw).observe(box);
  return t;
}
