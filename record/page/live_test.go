package page_test

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"warder/record/page"
	"warder/record/trace"
)

// saved writes a page where a browser finds it.
func saved(t *testing.T, opt page.Options, outcome string, events []trace.Event) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "trace.html")
	if err := os.WriteFile(name, written(t, opt, outcome, events), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func (b *browser) is(expression, want string) {
	b.t.Helper()
	if got := b.text(expression); got != want {
		b.t.Errorf("%s is %q, not %q", expression, got, want)
	}
}

const (
	chart    = `document.getElementById('chart')`
	selected = `document.querySelector('#calls .selected')?.textContent`
	rowCount = `document.querySelector('#calls table').getAttribute('aria-rowcount') - 1`
)

// TestLivePage opens a recording and uses it as a person would.
func TestLivePage(t *testing.T) {
	b := startBrowser(t)
	events := recording()
	b.size(1400, 900)
	b.dark(false)
	b.open(saved(t, recordingOptions, "policy-violation", events), "")
	t.Run("heading", func(t *testing.T) {
		b.on(t)
		b.is("document.title", "warder trace: python3 fetch.py --jobs 4 --out parts of it")
		b.is("document.getElementById('command').textContent", "python3 fetch.py --jobs 4 --out 'parts of it'")
		facts := b.text("document.getElementById('facts').innerText")
		for _, want := range []string{"2026-07-27 09:41:07 UTC", "policy-violation", "killed by SIGKILL", "2 processes, 6 threads", "1 violation"} {
			if !strings.Contains(facts, want) {
				t.Errorf("the heading does not say %q: %q", want, facts)
			}
		}
		b.is("document.documentElement.dataset.ready", fmt.Sprint(len(events)))
		b.is(rowCount, fmt.Sprint(len(events)))
	})
	t.Run("timeline", b.timeline)
	t.Run("search", b.search)
	t.Run("filters", b.filters)
	t.Run("table", b.table)
	t.Run("detail", b.detail)
	t.Run("colours", b.colours)
	t.Run("keyboard", b.keyboard)
	b.on(t)
	b.quiet()
}

// on makes a subtest the one that fails.
func (b *browser) on(t *testing.T) { b.t = t }

// ink counts the pixels of the timeline's bars that are not as its ground.
func (b *browser) ink(least int) {
	b.t.Helper()
	n := 0
	b.evaluate(`(() => { const c = document.getElementById('chart'), g = c.getContext('2d');
		const d = g.getImageData(160, 30, c.width - 170, c.height - 40).data;
		let n = 0;
		for (let i = 0; i < d.length; i += 4) {
			const most = Math.max(d[i], d[i + 1], d[i + 2]), least = Math.min(d[i], d[i + 1], d[i + 2]);
			if (most - least > 60) n++; // grounds and grids are grey
		}
		return n; })()`, &n)
	if n < least {
		b.t.Errorf("%d coloured pixels in the timeline, fewer than %d", n, least)
	}
}

func (b *browser) timeline(t *testing.T) {
	b.on(t)
	b.ink(10_000)
	bars, marks := 0, 0
	b.evaluate(chart+`.dataset.bars * 1`, &bars)
	b.evaluate(chart+`.dataset.marks * 1`, &marks)
	// Six births and ends, a signal, a violation.
	if bars < 500 || marks < 12 {
		t.Errorf("%d bars and %d marks", bars, marks)
	}
	var box struct{ X, Y, Width float64 }
	b.evaluate(`(() => { const r = document.getElementById('chart').getBoundingClientRect(); return {x: r.x, y: r.y, width: r.width}; })()`, &box)
	span := func() (v struct{ From, To float64 }) {
		b.settle()
		b.evaluate(`({from: document.getElementById('chart').dataset.from * 1, to: document.getElementById('chart').dataset.to * 1})`, &v)
		return v
	}
	whole := span()
	// The main thread's long futex is a third along its lane.
	x, y := box.X+148+(box.Width-156)*0.3, box.Y+24+11
	b.mouse("mouseMoved", x, y, nil)
	b.until(`!document.getElementById('tip').hidden`)
	if tip := b.text(`document.getElementById('tip').textContent`); !strings.Contains(tip, "futex(0x55d0c2a1e9a0, FUTEX_WAIT") || !strings.HasSuffix(tip, "thread 4120") {
		t.Errorf("the call under the pointer is told of as %q", tip)
	}
	b.press1(x, y)
	b.until(selected + `?.includes('futex')`)

	b.mouse("mouseWheel", x, y, map[string]any{"deltaX": 0, "deltaY": -600})
	b.until(fmt.Sprintf("%s.dataset.from > %f", chart, whole.From))
	near := span()
	if near.To-near.From > (whole.To-whole.From)/2 {
		t.Errorf("the wheel zoomed from %v to %v", whole, near)
	}
	b.mouse("mouseMoved", x, y, nil)
	b.mouse("mousePressed", x, y, nil)
	b.mouse("mouseMoved", x-60, y, map[string]any{"buttons": 1})
	b.mouse("mouseMoved", x-200, y, map[string]any{"buttons": 1})
	b.mouse("mouseReleased", x-200, y, nil)
	if moved := span(); moved.From <= near.From || moved.To-moved.From-(near.To-near.From) > 1 {
		t.Errorf("dragging moved from %v to %v", near, moved)
	}
	b.evaluate(`document.getElementById('lanes').focus()`, nil)
	at := span()
	b.press("ArrowLeft")
	if left := span(); left.From >= at.From {
		t.Errorf("the left arrow moved from %v to %v", at, left)
	}
	b.press("0")
	if all := span(); math.Abs(all.From-whole.From)+math.Abs(all.To-whole.To) > 1 {
		t.Errorf("0 shows %v, not %v", all, whole)
	}
	b.press("Escape")
}

func (b *browser) search(t *testing.T) {
	b.on(t)
	b.press("/")
	b.write("AT_FDCWD, \"/ETC/shad")
	b.until(selected + ` !== undefined`)
	if line := b.text(selected); !strings.Contains(line, `openat(AT_FDCWD, "/etc/shadow", O_RDONLY`) || !strings.Contains(line, "kill") {
		t.Errorf("the call that was found is %q", line)
	}
	b.is(`[...document.querySelectorAll('#calls mark')].map(m => m.textContent).join()`, `AT_FDCWD, "/etc/shad`)
	b.is(`document.getElementById('hits').textContent`, "1 / 1")
	if hash := b.text("location.hash"); !strings.HasPrefix(hash, "#call-") {
		t.Errorf("the address is %q", hash)
	}
	b.evaluate(`document.getElementById('query').select()`, nil)
	b.write("sendto")
	b.until(`/ \/ 3\d$/.test(document.getElementById('hits').textContent)`)
	first := b.text("location.hash")
	b.press("Enter")
	second := b.text("location.hash")
	b.do("Input.dispatchKeyEvent", map[string]any{"type": "keyDown", "key": "Enter", "modifiers": 8}, nil)
	if back := b.text("location.hash"); first == second || back != first {
		t.Errorf("next and previous went from %s to %s to %s", first, second, back)
	}
	b.evaluate(`document.getElementById('query').select()`, nil)
	b.write("no such text")
	b.until(`document.getElementById('hits').textContent === 'none'`)
	b.click("#everything")
	b.press("Escape")
}

func (b *browser) filters(t *testing.T) {
	b.on(t)
	all := len(recording())
	b.click("#errors")
	b.is(rowCount, b.text(`document.querySelectorAll('#calls .error').length >= 10 && document.documentElement.dataset.applied`))
	b.click("#errors")
	b.is(rowCount, fmt.Sprint(all))
	b.click("#violations")
	b.is(rowCount, "1")
	b.is(`document.querySelectorAll('#calls .violation').length`, "1")
	b.click("#everything")
	b.click("#classes .chip")
	b.until(`[...document.querySelectorAll('#calls tbody b')].every(e => ['socket', 'connect', 'sendto', 'recvfrom'].includes(e.textContent))`)
	b.click("#classes .chip")
	b.evaluate(`(() => { const s = document.getElementById('thread'); s.value = [...s.options].find(o => o.text.includes('4126')).value; s.dispatchEvent(new Event('change')); })()`, nil)
	b.settle()
	b.until(`[...document.querySelectorAll('#calls tbody .thread')].every(e => e.textContent.startsWith('4126'))`)
	b.click("#summary-tab")
	if text := b.text(`document.querySelector('#summary tbody').innerText`); !strings.Contains(text, "write") || strings.Contains(text, "poll") {
		t.Errorf("the summary of gzip's thread is %q", text)
	}
	b.click("#everything")
	// Each column is what it says, for a call of which all is known.
	b.evaluate(`[...document.querySelectorAll('#summary thead button')].find(e => e.textContent === 'Errors').click()`, nil)
	if line := b.text(`document.querySelector('#summary tbody tr').innerText`); !strings.HasPrefix(line, "newfstatat") {
		t.Errorf("sorted by errors the first line is %q", line)
	}
	b.evaluate(`[...document.querySelectorAll('#summary tbody button')].find(e => e.textContent === 'access').click()`, nil)
	b.is(rowCount, "2")
	b.is(`document.getElementById('calls').hidden`, "false")
	b.click("#everything")
	b.is(rowCount, fmt.Sprint(all))
}

func (b *browser) table(t *testing.T) {
	b.on(t)
	b.evaluate(`document.querySelector('#calls table').focus()`, nil)
	b.press("End")
	b.is(selected+`.includes('killed by SIGKILL')`, "true")
	b.press("Home")
	b.is(selected+`.includes('execve')`, "true")
	first := b.text("location.hash")
	b.press("ArrowDown")
	b.press("PageDown")
	b.press("PageUp")
	b.press("ArrowUp")
	b.is("location.hash", first)
	b.evaluate(`document.getElementById('calls').scrollTop = 6000`, nil)
	b.until(`document.querySelector('#calls table').dataset.first > 250`)
	b.is(`document.querySelectorAll('#calls tbody tr').length < 60`, "true")
	// A call that is linked to is selected, and in sight.
	b.evaluate(`location.hash = '#call-800'`, nil)
	b.until(`document.getElementById('row-800')?.classList.contains('selected')`)
	b.evaluate(`location.hash = '#call-99999999999999999999'`, nil)
	b.evaluate(`location.hash = '#call-<b>'`, nil)
	b.is(`document.getElementById('row-800').getAttribute('aria-selected')`, "true")
}

func (b *browser) detail(t *testing.T) {
	b.on(t)
	b.press("v")
	text := b.text(`document.getElementById('detail').innerText`)
	for _, want := range []string{
		"openat", "fetch.yaml:31: kill", "dfd", "AT_FDCWD", "0xffffff9c", "filename", `"/etc/shadow"`, "O_RDONLY|O_CLOEXEC", "257 on x86_64",
		"09:41:07.", "4120, python3", "__open64_nocancel+0x45", "python.c:15",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the details do not have %q:\n%s", want, text)
		}
	}
	b.press("[")
	b.is(selected+`.includes('clock_nanosleep')`, "true")
	b.press("]")
	b.is(selected+`.includes('/etc/shadow')`, "true")
}

func (b *browser) colours(t *testing.T) {
	b.on(t)
	ground := func() string {
		b.settle()
		return b.text(`getComputedStyle(document.body).backgroundColor + ' ' + [...document.getElementById('chart').getContext('2d').getImageData(4, 200, 1, 1).data].slice(0, 3)`)
	}
	light := ground()
	b.dark(true)
	dark := ground()
	if light == dark || !strings.HasPrefix(light, "rgb(246, 248, 250)") || !strings.HasPrefix(dark, "rgb(13, 17, 23)") {
		t.Errorf("light it is %s, dark %s", light, dark)
	}
	b.ink(10_000)
	b.click("#theme") // light, whatever the system says
	if got := ground(); got != light {
		t.Errorf("switched to light it is %s, not %s", got, light)
	}
	b.click("#theme")
	b.dark(false)
	if got := ground(); got != dark {
		t.Errorf("switched to dark it is %s, not %s", got, dark)
	}
	b.click("#theme")
	if got := ground(); got != light {
		t.Errorf("switched to the system's it is %s, not %s", got, light)
	}
}

// keyboard reaches every control by the tab key.
func (b *browser) keyboard(t *testing.T) {
	b.on(t)
	b.evaluate(`document.activeElement.blur()`, nil)
	reached := map[string]bool{}
	for range 60 {
		b.do("Input.dispatchKeyEvent", map[string]any{"type": "keyDown", "key": "Tab", "code": "Tab", "windowsVirtualKeyCode": 9}, nil)
		reached[b.text(`document.activeElement.id || document.activeElement.getAttribute('role') || document.activeElement.className`)] = true
	}
	for _, want := range []string{"theme", "keys", "chip", "in", "out", "fit", "lanes", "grip", "query", "only", "syscall", "thread", "errors", "violations", "calls-tab", "grid"} {
		if !reached[want] {
			t.Errorf("the tab key does not reach %q: %v", want, reached)
		}
	}
	b.evaluate(`document.activeElement.blur()`, nil)
	b.press("?")
	b.is(`document.getElementById('help').open`, "true")
	b.is(`[...document.querySelectorAll('button, input, select, canvas, [tabindex]')].filter(e => !e.hidden && !(e.innerText || e.ariaLabel || e.labels?.length || e.title)).map(e => e.outerHTML).join()`, "")
	b.click("#help form button")
	b.is(`document.getElementById('help').open`, "false")
}

// TestLiveHostile opens pages of strings that want out: they are seen as what
// they are, and nothing else happens.
func TestLiveHostile(t *testing.T) {
	b := startBrowser(t)
	b.size(1000, 700)
	var events []trace.Event
	for _, s := range hostile {
		events = append(events, everywhere(s)...)
	}
	all := strings.Join(hostile, " ")
	b.open(saved(t, hostileOptions(all), all, events), "#call-1")
	b.is(rowCount, fmt.Sprint(len(events)))
	for i, s := range hostile {
		b.evaluate(fmt.Sprintf(`location.hash = '#call-%d'`, i*8+1), nil)
		b.until(fmt.Sprintf(`document.querySelector('#detail a').textContent === '#%d'`, i*8+1))
		if first := s[0]; first > ' ' && first < 0x7f {
			// What is seen is the string itself.
			b.is(fmt.Sprintf(`document.querySelector('#detail .args .value').textContent === %q`, s), fmt.Sprint(!strings.ContainsAny(s, "\x00\n\t\u2028\u202e\ufeff")))
		}
	}
	for _, key := range []string{"s", "<"} {
		b.evaluate(fmt.Sprintf(`document.getElementById('query').value = %q, document.getElementById('query').dispatchEvent(new Event('input'))`, key), nil)
		b.until(`document.querySelectorAll('#calls mark').length > 0`)
	}
	b.is(`document.querySelectorAll('body script:not([type="application/json"]), img, iframe, object').length`, "0")
	b.is(`document.querySelectorAll('head script').length`, "1")
	b.is(`document.title.startsWith('warder trace: </script>')`, "true")
	b.quiet()
	// The policy stands: what is put into the page by other means does not run.
	b.evaluate(`(() => { const s = document.createElement('script'); try { s.text = 'window.ran = 1'; } catch { return; } document.head.append(s); })()`, nil)
	b.is(`window.ran`, "undefined")
	b.evaluate(`(() => { try { document.body.setAttribute('onclick', 'window.ran = 1'); } catch { } document.body.click(); })()`, nil)
	b.is(`window.ran`, "undefined")
}

// TestLiveOdd opens pages whose writer did not come to its end, that hold
// nothing, and that hold what is rare.
func TestLiveOdd(t *testing.T) {
	b := startBrowser(t)
	text := written(t, page.Options{}, "", many(5000))
	name := filepath.Join(t.TempDir(), "cut.html")
	if err := os.WriteFile(name, text[:bytes.LastIndex(text, []byte(`class="rows"`))+500], 0o600); err != nil {
		t.Fatal(err)
	}
	b.open(name, "#call-1200")
	b.is(rowCount, "4000")
	b.is(`document.getElementById('notes').textContent.includes('cut off')`, "true")
	b.is(`document.querySelector('#detail pre').textContent`, "futex(3, 0x7f0000012bc0, 64) = 0")

	b.open(saved(t, page.Options{}, "", nil), "")
	b.is(rowCount, "0")
	b.is(`document.querySelector('#calls .empty').hidden`, "false")

	call := func(pid, tid int, arch, name, arg string) trace.Event {
		return trace.Event{Kind: trace.CallKind, PID: pid, TID: tid, Time: began, Arch: arch, Name: name, Result: "0", Args: []trace.Arg{{Name: "a", Raw: "0x1", Text: arg}}}
	}
	b.open(saved(t, page.Options{}, "", []trace.Event{
		call(10, 10, "x86_64", "execve", `"/bin/maker"`), call(10, 11, "x86_64", "fork", "1"),
		{Kind: trace.BirthKind, PID: 12, TID: 12, Time: began, Parent: 11},
		call(12, 12, "i386", "fork", "1"),
		{Kind: trace.StopKind, PID: 12, TID: 12, Time: began, Signal: "SIGTTIN"},
		{Kind: trace.LostKind, PID: 12, TID: 12, Time: began, Count: 7},
		call(10, 10, "x86_64", "no_such_call", "1"),
	}), "")
	b.is(`[...document.querySelectorAll('#thread option')].map(o => o.text.trim().replace('\u00a0\u00a0', '')).join()`, "all threads,process 10 maker,10 maker,11,12 maker")
	b.is(`[...document.querySelectorAll('#syscall option')].map(o => o.text).join()`, "all calls,execve (1),fork (1),fork (i386) (1),no_such_call (1)")
	for _, want := range []string{"SIGTTIN stopped by SIGTTIN", "lost 7 events were dropped here"} {
		if !strings.Contains(b.text(`[...document.querySelectorAll('#calls .call')].map(e => e.textContent).join()`), want) {
			t.Errorf("the table has no %q", want)
		}
	}
	b.is(`document.getElementById('notes').textContent`, "7 events were dropped while recording: the recorder was slower than the program.")
	b.quiet()
}

// TestLiveLarge opens a page of 100,000 calls, whose bound has left out more.
func TestLiveLarge(t *testing.T) {
	b := startBrowser(t)
	b.size(1400, 900)
	const n = 100_000
	b.open(saved(t, page.Options{MaxEvents: n}, "", many(n+2000)), "")
	b.is(rowCount, fmt.Sprint(n))
	b.ink(5000)
	if note := b.text(`document.getElementById('notes').textContent`); !strings.Contains(note, "2,000 events of 102,000 are not in this page") {
		t.Errorf("of what was left out the page says %q", note)
	}
	t.Logf("interactive after %s ms", b.text(`Math.round(performance.timing.domContentLoadedEventEnd - performance.timing.navigationStart)`))
	b.press("/")
	b.write(`/srv/data/99995"`)
	b.until(`document.getElementById('hits').textContent === '1 / 1'`)
	b.is(selected+`.includes('"/srv/data/99995"')`, "true")
	b.is("location.hash", "#call-99996")
	b.is(`document.querySelectorAll('#calls tbody tr').length < 60`, "true")
	b.is(`document.getElementById('detail').innerText.includes('O_RDONLY')`, "true")
	b.click("#everything")
	b.evaluate(`document.querySelector('#calls table').focus()`, nil)
	b.press("End")
	b.until(`document.getElementById('row-100000')?.classList.contains('selected')`)
	b.click("#summary-tab")
	b.is(`document.querySelector('#summary tfoot td').textContent`, "100,000")
	b.quiet()
}

// TestLivePicture holds the picture in the docs to a page that looks so.
// WARDER_WRITE_DOCS=1 writes it there.
func TestLivePicture(t *testing.T) {
	b := startBrowser(t)
	b.size(1400, 900)
	b.dark(false)
	b.open(saved(t, recordingOptions, "policy-violation", recording()), "")
	b.press("v")
	name := filepath.Join("..", "..", "docs", "images", "trace-page.png")
	if os.Getenv("WARDER_WRITE_DOCS") == "1" {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, small(t, b.picture()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if len(text) > 200_000 {
		t.Errorf("%s has %d bytes: the most is 200,000", name, len(text))
	}
	docs, err := png.Decode(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	now, err := png.Decode(bytes.NewReader(b.picture()))
	if err != nil {
		t.Fatal(err)
	}
	// Fonts differ between machines; what is where does not.
	if away := distance(docs, now); away > 0.04 {
		t.Errorf("the page has changed from its picture by %.3f: WARDER_WRITE_DOCS=1 writes it anew", away)
	}
	b.quiet()
}

// small is a picture with 256 colours: of those that are nearly the same the
// most frequent, so that a small patch keeps its own.
func small(t *testing.T, text []byte) []byte {
	t.Helper()
	full, err := png.Decode(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	size := full.Bounds()
	often := map[color.RGBA]int{}
	at := func(x, y int) color.RGBA {
		r, g, b, _ := full.At(x, y).RGBA()
		return color.RGBA{uint8(r >> 8), uint8(g >> 8), uint8(b >> 8), 255}
	}
	for y := range size.Dy() {
		for x := range size.Dx() {
			often[at(x, y)]++
		}
	}
	list := slices.SortedFunc(maps.Keys(often), func(a, b color.RGBA) int { return often[b] - often[a] })
	palette := make(color.Palette, 0, 256)
	away := func(a, b uint8) int { return max(int(a)-int(b), int(b)-int(a)) }
	for _, c := range list {
		near := slices.ContainsFunc(palette, func(p color.Color) bool {
			q := p.(color.RGBA)
			return often[c] < 500 && max(away(c.R, q.R), away(c.G, q.G), away(c.B, q.B)) < 20
		})
		if !near && len(palette) < 256 {
			palette = append(palette, c)
		}
	}
	few := image.NewPaletted(size, palette)
	for y := range size.Dy() {
		for x := range size.Dx() {
			few.Set(x, y, at(x, y))
		}
	}
	var b bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&b, few); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// distance is the mean difference of two pictures' cells of 20 pixels, from 0 to 1.
func distance(a, b image.Image) float64 {
	if a.Bounds() != b.Bounds() {
		return 1
	}
	const cell = 20
	sum, n := 0.0, 0
	for y := 0; y+cell <= a.Bounds().Dy(); y += cell {
		for x := 0; x+cell <= a.Bounds().Dx(); x += cell {
			var d [3]float64
			for i := range cell * cell {
				ar, ag, ab, _ := a.At(x+i%cell, y+i/cell).RGBA()
				br, bg, bb, _ := b.At(x+i%cell, y+i/cell).RGBA()
				d[0], d[1], d[2] = d[0]+float64(ar)-float64(br), d[1]+float64(ag)-float64(bg), d[2]+float64(ab)-float64(bb)
			}
			for _, v := range d {
				sum += max(v, -v) / 65535 / (cell * cell) / 3
			}
			n++
		}
	}
	return sum / float64(n)
}
