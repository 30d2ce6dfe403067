// The strip above the lanes: how many calls when, over the whole recording,
// and the window that the lanes show.

function makeOverview(trace, filter, scale, moved) {
  const canvas = byId('overview'), g = canvas.getContext('2d');
  const o = {};
  let colours, width = 0, height = 0, heights = null, drag = null;

  const x = t => scale.left + (t - scale.whole.from) / (scale.whole.to - scale.whole.from) * scale.width;
  const at = px => scale.whole.from + (px - scale.left) / scale.width * (scale.whole.to - scale.whole.from);

  // count makes the heights anew: of a span of two pixels, the calls shown.
  function bins() {
    const n = Math.max(1, Math.ceil(scale.width / 2));
    heights = new Float64Array(n);
    for (const row of filter.view) {
      if (trace.kind[row] === CALL) heights[Math.max(0, Math.min(n - 1, Math.floor((x(trace.time[row]) - scale.left) / 2)))]++;
    }
  }

  o.recolour = () => {
    colours = readColours(trace.classes);
    o.draw();
  };
  o.recount = () => {
    heights = null;
    o.draw();
  };

  o.draw = soon(() => {
    if (!colours) return;
    const ratio = window.devicePixelRatio || 1;
    if (canvas.clientWidth !== width) heights = null;
    width = canvas.clientWidth;
    height = canvas.clientHeight;
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    g.setTransform(ratio, 0, 0, ratio, 0, 0);
    g.fillStyle = colours.ground;
    g.fillRect(0, 0, width, height);
    if (!heights) bins();
    let most = 1;
    for (const h of heights) most = Math.max(most, h);
    g.fillStyle = colours.soft;
    for (let i = 0; i < heights.length; i++) {
      if (!heights[i]) continue;
      // By the square root, so that a few calls are seen beside many.
      const h = Math.max(1.5, Math.sqrt(heights[i] / most) * (height - 6));
      g.fillRect(scale.left + i * 2, height - 1 - h, 2, h);
    }
    g.fillStyle = colours.bad;
    for (const row of trace.verdicts.keys()) g.fillRect(Math.round(x(trace.time[row])) - 1, 0, 2, height);
    const a = x(scale.from), b = x(scale.to);
    g.globalAlpha = 0.6;
    g.fillStyle = colours.ground;
    g.fillRect(scale.left, 0, a - scale.left, height);
    g.fillRect(b, 0, width - b, height);
    g.globalAlpha = 1;
    g.strokeStyle = colours.accent;
    g.lineWidth = 1.5;
    g.strokeRect(a + 0.75, 0.75, Math.max(b - a - 1.5, 2), height - 1.5);
    g.font = `11px ${colours.font}`;
    g.textBaseline = 'middle';
    g.fillStyle = colours.soft;
    g.fillText('all', 10, height / 2);
  });

  canvas.addEventListener('pointerdown', event => {
    if (event.button !== 0) return;
    const px = event.clientX - canvas.getBoundingClientRect().left;
    const length = scale.to - scale.from;
    // Beside the window a press brings it there.
    if (px < x(scale.from) - 3 || px > x(scale.to) + 3) scale.show(at(px) - length / 2, at(px) + length / 2);
    drag = {px, from: scale.from};
    canvas.setPointerCapture(event.pointerId);
    moved();
  });
  canvas.addEventListener('pointermove', event => {
    if (!drag) return;
    const px = event.clientX - canvas.getBoundingClientRect().left;
    const from = drag.from + at(px) - at(drag.px);
    scale.show(from, from + scale.to - scale.from);
    moved();
  });
  canvas.addEventListener('pointerup', () => { drag = null; });
  canvas.addEventListener('pointercancel', () => { drag = null; });
  new ResizeObserver(o.draw).observe(canvas);
  return o;
}
