// What the timeline does with pointer, wheel and keys.

function makePointer(trace, scale, timeline, {moved, selected, pressed}) {
  const box = byId('lanes'), canvas = byId('chart'), tip = byId('tip');
  let drag = null;

  const place = event => {
    const edge = canvas.getBoundingClientRect();
    return {x: event.clientX - edge.left, y: event.clientY - edge.top};
  };

  function hover(event, {x, y}) {
    const row = timeline.find(x, y);
    timeline.pointer = x;
    timeline.hovered = row;
    canvas.style.cursor = row >= 0 ? 'pointer' : x < scale.left ? 'default' : 'grab';
    if (row < 0) tip.hidden = true;
    else show(row, event);
    timeline.draw();
  }

  function show(row, event) {
    const length = trace.duration[row];
    const verdict = trace.verdicts.get(row);
    tip.replaceChildren(
      make('div', {class: 'call'}, make('b', null, nameText(trace, row)), restText(trace, row).slice(0, 300), resultText(trace, row) && ` = ${resultText(trace, row)}`),
      make('div', {class: 'soft'}, `at ${seconds(trace.time[row])} s${length ? `, took ${span(length)}` : ''}, thread ${trace.threads[trace.thread[row]].tid}`),
      verdict ? make('div', {class: 'bad'}, `${verdict.action}: ${verdict.rule}`) : '');
    tip.hidden = false;
    const x = Math.min(event.clientX + 14, window.innerWidth - tip.offsetWidth - 8);
    const y = event.clientY + 18 + tip.offsetHeight > window.innerHeight ? event.clientY - tip.offsetHeight - 10 : event.clientY + 18;
    tip.style.transform = `translate(${Math.max(x, 4)}px, ${Math.max(y, 4)}px)`;
  }

  function leave() {
    timeline.pointer = timeline.hovered = -1;
    tip.hidden = true;
    timeline.draw();
  }

  canvas.addEventListener('pointerdown', event => {
    if (event.button !== 0) return;
    const at = place(event);
    drag = {x: at.x, y: at.y, from: scale.from, to: scale.to, top: box.scrollTop, far: false, band: event.shiftKey && at.x >= scale.left};
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener('pointermove', event => {
    const at = place(event);
    if (!drag) {
      hover(event, at);
      return;
    }
    if (Math.abs(at.x - drag.x) + Math.abs(at.y - drag.y) > 4) drag.far = true;
    if (!drag.far) return;
    tip.hidden = true;
    timeline.hovered = -1;
    if (drag.band) {
      timeline.band = {from: drag.x, to: Math.max(at.x, scale.left)};
    } else {
      canvas.style.cursor = 'grabbing';
      const by = (drag.x - at.x) / scale.width * (drag.to - drag.from);
      scale.show(drag.from + by, drag.to + by);
      box.scrollTop = drag.top + drag.y - at.y;
    }
    moved();
  });
  canvas.addEventListener('pointerup', event => {
    if (!drag) return;
    const at = place(event);
    if (!drag.far) {
      const row = timeline.find(at.x, at.y);
      if (row >= 0) selected(row);
    } else if (timeline.band) {
      const a = scale.at(timeline.band.from), b = scale.at(timeline.band.to);
      scale.show(Math.min(a, b), Math.max(a, b));
    }
    drag = timeline.band = null;
    moved();
  });
  canvas.addEventListener('pointercancel', () => {
    drag = timeline.band = null;
    leave();
  });
  canvas.addEventListener('pointerleave', leave);
  canvas.addEventListener('dblclick', event => {
    const at = place(event), row = timeline.find(at.x, at.y);
    if (row >= 0) pressed(row);
  });
  canvas.addEventListener('wheel', event => {
    const at = place(event);
    // Beside the names the wheel scrolls the lanes, as the page would.
    if (at.x < scale.left) return;
    event.preventDefault();
    const unit = event.deltaMode === 1 ? 16 : event.deltaMode === 2 ? 400 : 1;
    const across = event.shiftKey && !event.deltaX ? event.deltaY : event.deltaX;
    if (event.shiftKey || Math.abs(across) > Math.abs(event.deltaY)) {
      scale.move(across * unit / scale.width * (scale.to - scale.from));
    } else {
      scale.zoom(1.0015 ** (-event.deltaY * unit), scale.at(at.x));
    }
    hover(event, at);
    moved();
  }, {passive: false});

  box.addEventListener('keydown', event => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const step = (scale.to - scale.from) / 8;
    switch (event.key) {
      case 'ArrowLeft': scale.move(-step); break;
      case 'ArrowRight': scale.move(step); break;
      case '+': case '=': scale.zoom(1.5); break;
      case '-': case '_': scale.zoom(1 / 1.5); break;
      case '0': scale.fit(); break;
      case 'Home': scale.show(scale.whole.from, scale.whole.from + 8 * step); break;
      case 'End': scale.show(scale.whole.to - 8 * step, scale.whole.to); break;
      default: return; // up, down and the rest scroll
    }
    event.preventDefault();
    moved();
  });

  byId('in').addEventListener('click', () => { scale.zoom(2); moved(); });
  byId('out').addEventListener('click', () => { scale.zoom(0.5); moved(); });
  byId('fit').addEventListener('click', () => { scale.fit(); moved(); });

  // The grip under the lanes sets their height.
  const grip = byId('grip');
  let pull = null;
  const grow = height => { box.style.height = `${Math.max(70, Math.min(height, window.innerHeight * 0.75))}px`; };
  grip.addEventListener('pointerdown', event => {
    pull = {y: event.clientY, height: box.offsetHeight};
    grip.setPointerCapture(event.pointerId);
  });
  grip.addEventListener('pointermove', event => { if (pull) grow(pull.height + event.clientY - pull.y); });
  grip.addEventListener('pointerup', () => { pull = null; });
  grip.addEventListener('keydown', event => {
    if (event.key !== 'ArrowUp' && event.key !== 'ArrowDown') return;
    event.preventDefault();
    grow(box.offsetHeight + (event.key === 'ArrowUp' ? -LANE : LANE));
  });
}
