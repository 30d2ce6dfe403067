// The timeline's scale: moments and pixels.

// makeScale shows a span of the recording from left to width.
function makeScale(from, to) {
  const pad = (to - from) * 0.01;
  const s = {from: from - pad, to: to + pad, left: 0, width: 1};
  const whole = {from: s.from, to: s.to};
  const least = 200; // ns

  s.x = t => s.left + (t - s.from) / (s.to - s.from) * s.width;
  s.at = x => s.from + (x - s.left) / s.width * (s.to - s.from);

  // show sets the span, within the recording.
  s.show = (from, to) => {
    let length = Math.min(Math.max(to - from, least), whole.to - whole.from);
    const middle = (from + to) / 2;
    s.from = Math.max(whole.from, Math.min(middle - length / 2, whole.to - length));
    s.to = s.from + length;
  };
  s.zoom = (by, t = (s.from + s.to) / 2) => s.show(t - (t - s.from) / by, t + (s.to - t) / by);
  s.move = by => s.show(s.from + by, s.to + by);
  s.fit = () => s.show(whole.from, whole.to);
  s.whole = whole;

  // ticks are round moments, with their names.
  s.ticks = () => {
    const rough = (s.to - s.from) / Math.max(s.width / 120, 1);
    const power = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].map(k => k * power).find(k => k >= rough) || 10 * power;
    const most = Math.max(Math.abs(s.from), Math.abs(s.to));
    const [size, unit] = units.find(([size]) => most >= size) || units[3];
    const digits = Math.max(0, Math.min(9, -Math.floor(Math.log10(step / size) + 1e-9)));
    const list = [];
    for (let k = Math.ceil(s.from / step); k * step <= s.to; k++) {
      list.push({t: k * step, name: k === 0 ? '0' : `${(k * step / size).toFixed(digits)} ${unit}`});
    }
    return list;
  };
  return s;
}

// readColours takes the canvases' colours from the style, which knows whether
// it is dark.
function readColours(classes) {
  const style = getComputedStyle(document.documentElement);
  const get = name => style.getPropertyValue(name).trim();
  return {
    ground: get('--ground'), panel: get('--panel'), text: get('--text'), soft: get('--soft'), line: get('--line'),
    faint: get('--faint'), bad: get('--bad'), badGround: get('--bad-ground'), accent: get('--accent'), onBar: get('--on-bar'),
    font: get('--font'), mono: get('--mono'),
    classes: classes.map(name => get(`--c-${name}`) || get('--c-other')),
  };
}
