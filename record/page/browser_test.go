package page_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"warder/internal/testutil"
)

// patience bounds every wait for the browser: only a broken page uses it up.
const patience = 60 * time.Second

// browser is one Chromium and one page of it, driven through the pipe of its
// DevTools protocol: JSON messages, each followed by a zero byte, read from
// its descriptor 3 and written to its descriptor 4.
type browser struct {
	t       *testing.T
	cmd     *exec.Cmd
	to      *os.File
	session string

	mu      sync.Mutex
	next    int
	answers map[int]chan answer
	loaded  chan struct{}
	wrong   []string // what the console said
	asked   []string // addresses that were asked for
}

type answer struct {
	result json.RawMessage
	err    error
}

func startBrowser(t *testing.T) *browser {
	t.Helper()
	testutil.Require(t, testutil.Chromium)
	theirs, to, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	from, theirOut, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	b := &browser{t: t, to: to, answers: map[int]chan answer{}, loaded: make(chan struct{}, 8)}
	b.cmd = exec.Command("chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-dev-shm-usage",
		"--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-breakpad",
		"--hide-scrollbars=false", "--remote-debugging-pipe", "--user-data-dir="+t.TempDir(), "about:blank")
	b.cmd.ExtraFiles = []*os.File{theirs, theirOut}
	b.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	var complaints bytes.Buffer
	b.cmd.Stderr = &complaints
	if err := b.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_, _ = theirs.Close(), theirOut.Close()
	done := make(chan struct{})
	go func() {
		defer close(done)
		b.read(bufio.NewReaderSize(from, 1<<20))
	}()
	t.Cleanup(func() {
		// Its own processes are in its group; they are of no more use.
		_ = syscall.Kill(-b.cmd.Process.Pid, syscall.SIGKILL)
		_ = b.cmd.Wait()
		_, _ = to.Close(), from.Close()
		<-done
		if t.Failed() {
			all := complaints.Bytes()
			t.Logf("the end of chromium's standard error:\n%s", all[max(0, len(all)-1000):])
		}
	})
	var target struct{ TargetID string }
	b.do("Target.createTarget", map[string]any{"url": "about:blank"}, &target)
	var attached struct{ SessionID string }
	b.do("Target.attachToTarget", map[string]any{"targetId": target.TargetID, "flatten": true}, &attached)
	b.session = attached.SessionID
	for _, domain := range []string{"Page", "Runtime", "Log", "Network"} {
		b.do(domain+".enable", nil, nil)
	}
	return b
}

// read takes what the browser says until its pipe is closed.
func (b *browser) read(from *bufio.Reader) {
	for {
		line, err := from.ReadBytes(0)
		if err != nil {
			b.mu.Lock()
			for _, wait := range b.answers {
				wait <- answer{err: fmt.Errorf("the browser is gone: %w", err)}
			}
			b.answers = nil
			b.mu.Unlock()
			return
		}
		var m struct {
			ID     int
			Result json.RawMessage
			Error  *struct{ Message string }
			Method string
			Params json.RawMessage
		}
		if err := json.Unmarshal(line[:len(line)-1], &m); err != nil {
			continue
		}
		b.mu.Lock()
		if wait := b.answers[m.ID]; m.ID != 0 && wait != nil {
			delete(b.answers, m.ID)
			a := answer{result: m.Result}
			if m.Error != nil {
				a.err = fmt.Errorf("%s", m.Error.Message)
			}
			wait <- a
		} else {
			b.event(m.Method, m.Params)
		}
		b.mu.Unlock()
	}
}

func (b *browser) event(method string, params json.RawMessage) {
	switch method {
	case "Page.loadEventFired":
		select {
		case b.loaded <- struct{}{}:
		default:
		}
	case "Runtime.exceptionThrown", "Log.entryAdded", "Runtime.consoleAPICalled":
		// It advises against reading a canvas, as a test of what was drawn does.
		if !bytes.Contains(params, []byte("willReadFrequently")) {
			b.wrong = append(b.wrong, fmt.Sprintf("%s: %s", method, params))
		}
	case "Network.requestWillBeSent":
		var p struct{ Request struct{ URL string } }
		_ = json.Unmarshal(params, &p) // an address that is missing is none of ours either
		b.asked = append(b.asked, p.Request.URL)
	}
}

// do sends a command and waits for its answer.
func (b *browser) do(method string, params, result any) {
	b.t.Helper()
	wait := make(chan answer, 1)
	b.mu.Lock()
	b.next++
	id := b.next
	if b.answers != nil {
		b.answers[id] = wait
	}
	b.mu.Unlock()
	m := map[string]any{"id": id, "method": method}
	if params != nil {
		m["params"] = params
	}
	if b.session != "" {
		m["sessionId"] = b.session
	}
	text, err := json.Marshal(m)
	if err == nil {
		_, err = b.to.Write(append(text, 0))
	}
	if err != nil {
		b.t.Fatalf("%s: %v", method, err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	select {
	case a := <-wait:
		if a.err != nil {
			b.t.Fatalf("%s: %v", method, a.err)
		}
		if result != nil {
			if err := json.Unmarshal(a.result, result); err != nil {
				b.t.Fatalf("%s: %v in %s", method, err, a.result)
			}
		}
	case <-ctx.Done():
		b.t.Fatalf("%s: no answer in %v", method, patience)
	}
}

// open goes to a file and waits until its load event.
func (b *browser) open(file, hash string) {
	b.t.Helper()
	b.do("Page.navigate", map[string]any{"url": "file://" + file + hash}, nil)
	select {
	case <-b.loaded:
	case <-time.After(patience):
		b.t.Fatalf("%s did not load in %v", file, patience)
	}
	b.until("document.documentElement.dataset.ready !== undefined")
}

// evaluate gives the value of an expression in the page, or of its promise.
func (b *browser) evaluate(expression string, value any) {
	b.t.Helper()
	var r struct {
		Result           struct{ Value json.RawMessage }
		ExceptionDetails *struct {
			Text      string
			Exception struct{ Description string }
		}
	}
	b.do("Runtime.evaluate", map[string]any{"expression": expression, "awaitPromise": true, "returnByValue": true}, &r)
	if x := r.ExceptionDetails; x != nil {
		b.t.Fatalf("%s: %s %s", expression, x.Text, x.Exception.Description)
	}
	if value != nil {
		if err := json.Unmarshal(r.Result.Value, value); err != nil {
			b.t.Fatalf("%s: %v in %q", expression, err, r.Result.Value)
		}
	}
}

func (b *browser) text(expression string) string {
	b.t.Helper()
	var s string
	b.evaluate("String("+expression+")", &s)
	return s
}

// until waits for a condition in the page, looked at after each picture.
func (b *browser) until(condition string) {
	b.t.Helper()
	ok := false
	b.evaluate(fmt.Sprintf(`new Promise(done => { const end = performance.now() + %d;
		const look = () => (%s) ? done(true) : performance.now() > end ? done(false) : requestAnimationFrame(look); look(); })`,
		(patience/2).Milliseconds(), condition), &ok)
	if !ok {
		b.t.Fatalf("never true in the page: %s", condition)
	}
}

// settle waits until what was asked to be drawn is drawn.
func (b *browser) settle() {
	b.t.Helper()
	b.evaluate(`new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(1))))`, nil)
}

func (b *browser) size(width, height int) {
	b.t.Helper()
	b.do("Emulation.setDeviceMetricsOverride", map[string]any{"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false}, nil)
	b.settle()
}

func (b *browser) dark(on bool) {
	b.t.Helper()
	scheme := map[bool]string{true: "dark", false: "light"}[on]
	b.do("Emulation.setEmulatedMedia", map[string]any{"features": []any{map[string]any{"name": "prefers-color-scheme", "value": scheme}}}, nil)
	b.settle()
}

// write types text; press presses one key by its name.
func (b *browser) write(text string) {
	b.t.Helper()
	b.do("Input.insertText", map[string]any{"text": text}, nil)
}

func (b *browser) press(key string) {
	b.t.Helper()
	m := map[string]any{"type": "keyDown", "key": key}
	if len(key) == 1 {
		m["text"] = key
	}
	b.do("Input.dispatchKeyEvent", m, nil)
	b.do("Input.dispatchKeyEvent", map[string]any{"type": "keyUp", "key": key}, nil)
	b.settle()
}

func (b *browser) mouse(kind string, x, y float64, more map[string]any) {
	b.t.Helper()
	m := map[string]any{"type": kind, "x": x, "y": y, "button": "none"}
	if kind == "mousePressed" || kind == "mouseReleased" {
		m["button"], m["clickCount"] = "left", 1
	}
	for key, value := range more {
		m[key] = value
	}
	b.do("Input.dispatchMouseEvent", m, nil)
}

// click clicks the middle of the first element that a selector finds.
func (b *browser) click(selector string) {
	b.t.Helper()
	var at struct{ X, Y float64 }
	b.evaluate(fmt.Sprintf(`(() => { const e = document.querySelector(%q); e.scrollIntoView({block: 'nearest'}); const r = e.getBoundingClientRect(); return {x: r.x + r.width / 2, y: r.y + r.height / 2}; })()`, selector), &at)
	b.press1(at.X, at.Y)
}

func (b *browser) press1(x, y float64) {
	b.t.Helper()
	b.mouse("mouseMoved", x, y, nil)
	b.mouse("mousePressed", x, y, nil)
	b.mouse("mouseReleased", x, y, nil)
	b.settle()
}

func (b *browser) picture() []byte {
	b.t.Helper()
	b.settle()
	var r struct{ Data string }
	b.do("Page.captureScreenshot", map[string]any{"format": "png", "optimizeForSpeed": false}, &r)
	png, err := base64.StdEncoding.DecodeString(r.Data)
	if err != nil {
		b.t.Fatal(err)
	}
	return png
}

// quiet fails the test where the console has said anything, or where anything
// but files was asked for.
func (b *browser) quiet() {
	b.t.Helper()
	b.settle()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, line := range b.wrong {
		b.t.Errorf("the console: %s", line)
	}
	for _, address := range b.asked {
		if !strings.HasPrefix(address, "file://") {
			b.t.Errorf("the page asked for %s", address)
		}
	}
	b.wrong = nil
}
