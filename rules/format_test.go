package rules_test

import (
	"os"
	"strings"
	"testing"

	"warder/abi"
	"warder/rules"
)

func TestFormat(t *testing.T) {
	if abi.Native() != abi.X86_64 {
		t.Skip("the expected text is x86-64's")
	}
	p := parseX86(t, `{name: "a: b", default: errno(4000), newest: mseal, read: ["/a b?", /c], syscalls: [
  {calls: [open, openat], stage: loader, when: {flags: {mask: 0x80003, eq: 0x80000}}, action: allow, why: "say \"no\""},
  {calls: [open], probe: [/proc/], action: errno(EACCES)},
  {call: write, when: {fd: [{ge: 3, le: 7}, {ne: 5}, {ne: 6}, {ult: 9}], count: 0x20000}, action: log},
  {call: lseek, when: {offset: {gt: -1}, whence: {ult: 3, in: [SEEK_END, 0]}}, action: trace},
  {call: lseek, when: {fd: self}, action: kill},
  {call: openat, when: {dfd: -100, arg5: 7}, action: kill}]}`)
	const want = `name: "a: b"
default: errno(4000)
newest: 462
read:
  - /a b?
  - /c
syscalls:
  - call: open
    stage: loader
    when:
      flags: {mask: O_ACCMODE|O_CLOEXEC, eq: O_RDONLY|O_CLOEXEC}
    action: allow
    why: "say \"no\""
  - call: openat
    stage: loader
    when:
      flags: {mask: O_ACCMODE|O_CLOEXEC, eq: O_RDONLY|O_CLOEXEC}
    action: allow
    why: "say \"no\""
  - call: open
    probe:
      - /proc/
    action: errno(EACCES)
  - call: write
    when:
      fd: [{ge: 3, le: 7, ne: 5}, {ne: 6, lt: 9}]
      count: 0x20000
    action: log
  - call: lseek
    when:
      offset: {gt: -1}
      whence: {lt: 3, in: [SEEK_END, SEEK_SET]}
    action: trace
  - call: lseek
    when:
      fd: self
    action: kill
  - call: openat
    when:
      dfd: AT_FDCWD
      arg5: 7
    action: kill
`
	if got := rules.Format(p); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	sameAgain(t, p)
}

func TestFormatEveryday(t *testing.T) {
	text, err := os.ReadFile("testdata/compute.yaml")
	if err != nil {
		t.Fatal(err)
	}
	sameAgain(t, parseX86(t, string(text)))
	for name, text := range everyday {
		t.Run(name, func(t *testing.T) { sameAgain(t, parseX86(t, text)) })
	}
}

// TestFormatLongList breaks a long list of calls.
func TestFormatLongList(t *testing.T) {
	p := &rules.Policy{Rules: []rules.Rule{{Calls: abi.Native().Names(), Action: rules.Action{Kind: rules.Allow}}}}
	for line := range strings.Lines(rules.Format(p)) {
		if len(line) > 101 {
			t.Errorf("%d bytes: %s", len(line), line)
		}
	}
	sameAgain(t, p)
}

// moreSeeds of FuzzParse are those of files that not every system builds.
var moreSeeds [][]byte

// FuzzParse: whatever the input, no panic; and what was read survives being
// written and read again.
func FuzzParse(f *testing.F) {
	for _, text := range everyday {
		f.Add([]byte(text))
	}
	f.Add([]byte(head + "  - {call: open, stage: main, when: {flags: {mask: 3, eq: 0}}, probe: [/a/], action: errno(EPERM), why: x}\n"))
	f.Add([]byte(head + "  - {call: lseek, when: {whence: [{ult: 3}, {in: [self, -1]}, {ne: 0x7}]}, action: trace}\n"))
	f.Add([]byte("default: kill\npaths: unrestricted\nnewest: mseal\n"))
	f.Add([]byte("base: compute\ntime: visible\ntsc: deny\n"))
	f.Add([]byte("default: kill\nwrite: [/a?, {path: '/b c?', stage: loader}]\ncreate: [/d]\nconnect: [80, 8000-8080]\nbind: any\nscope: {signals: any, abstract-sockets: session}\n"))
	f.Add([]byte(`{"default": "kill", "base": "compute", "bind": [0, "1-2"], "read": [{"path": "/x", "stage": "loader"}]}`))
	f.Add([]byte("default: log\nread: [/a?, '/b c']\nexec: [\"/\\u00e9\"]\nname: |\n  x\n"))
	f.Add([]byte(allowing(noArg, args0+arg("0", "1", "EQ")+","+arg("0", "2", "GT")+"]}", args0+arg("2", "1", "NE")+"]}")))
	f.Add([]byte(refusing(args0 + `{"index": 0, "value": 1, "valueTwo": 3, "op": "SCMP_CMP_MASKED_EQ"}]}`)))
	for _, text := range moreSeeds {
		f.Add(text)
	}
	if example, err := os.ReadFile("testdata/compute.yaml"); err == nil {
		f.Add(example)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := rules.Parse("p", data, rules.ParseOptions{Kernel: [2]int{6, 18}})
		if err != nil {
			if strings.Contains(err.Error(), "not readable as YAML") {
				t.Log(err) // the library panicked, and was caught
			}
			return
		}
		p.Warnings()
		sameAgain(t, p)
	})
}
