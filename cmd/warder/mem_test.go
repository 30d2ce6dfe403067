package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"warder/memory"
)

// at is an address of the program cells.
func at(t *testing.T, p *running, off uint64) string {
	t.Helper()
	base, err := strconv.ParseUint(p.first, 0, 64)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%#x", base+off)
}

func TestLiveMemMaps(t *testing.T) {
	p := launch(t, nil, "cells")
	kernels, err := os.ReadFile("/proc/" + p.pid + "/maps")
	if err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"mem", p.pid, "maps"}, {"mem", "maps", p.pid}, {"mem", p.pid, "maps", "--stop"}} {
		o := warder(t, args...)
		o.want(t, 0, "")
		var want strings.Builder
		for line := range strings.Lines(string(kernels)) {
			want.WriteString(strings.TrimRight(line, " \n") + "\n")
		}
		if o.stdout != want.String() {
			t.Errorf("%q prints\n%s\nthe kernel\n%s", args, o.stdout, want.String())
		}
	}
	o := warder(t, "mem", p.pid, "maps", "-s")
	o.want(t, 0, "")
	lines := strings.Split(strings.TrimSuffix(o.stdout, "\n"), "\n")
	if len(lines) != strings.Count(string(kernels), "\n")+2 || !strings.HasSuffix(lines[0], "MAPPING, FLAGS") || !strings.HasSuffix(lines[len(lines)-1], "in all") {
		t.Errorf("%d lines:\n%s", len(lines), o.stdout)
	}
	type mapping struct {
		Start, End, Perms, Path string
		Size                    uint64
		Detail                  *struct {
			RSS, Anonymous uint64
			Flags          []string
		}
	}
	for _, flags := range [][]string{{"--json"}, {"--json", "-s"}} {
		var list []mapping
		o := warder(t, append([]string{"mem", p.pid, "maps"}, flags...)...)
		o.want(t, 0, "")
		if err := json.Unmarshal([]byte(o.stdout), &list); err != nil {
			t.Fatal(err)
		}
		found := false
		for _, m := range list {
			if (m.Detail != nil) != (len(flags) == 2) {
				t.Errorf("%+v", m)
			}
			if m.Start != p.first {
				continue
			}
			found = true
			if m.Size != 4096 || m.Perms != "rw-p" || m.Detail != nil && (m.Detail.RSS != 4096 || m.Detail.Anonymous != 4096 || len(m.Detail.Flags) < 2) {
				t.Errorf("%+v", m)
			}
		}
		if !found || len(list) != strings.Count(string(kernels), "\n") {
			t.Errorf("%d mappings, the cells among them: %v", len(list), found)
		}
	}
}

func TestLiveMemRead(t *testing.T) {
	p := launch(t, nil, "cells")
	o := warder(t, "mem", p.pid, "read", at(t, p, 0), "0x28")
	o.want(t, 0, "")
	page := make([]byte, 4096)
	copy(page, "\x37\x13\xad\xbe\x00\x00\x00\x00\x00\x00\x00\x00\x40\x48\x93\x40\x00\x00\x00\x00\x00\x00\x00\x00the text of the cells")
	base, _ := strconv.ParseUint(p.first, 0, 64)
	var want bytes.Buffer
	if err := memory.Dump(&want, page[:0x28], base); err != nil {
		t.Fatal(err)
	}
	if o.stdout != want.String() {
		t.Errorf("%s, want %s", o.stdout, want.String())
	}
	file := filepath.Join(t.TempDir(), "file")
	for _, args := range [][]string{{"-o", file}, {"-o", file, "--stop"}, {"-o", "-"}, {"-o", "-", "--force"}} {
		o := warder(t, append([]string{"mem", p.pid, "read", at(t, p, 0), "4K"}, args...)...)
		o.want(t, 0, "")
		got := []byte(o.stdout)
		if args[1] == file {
			var err error
			if got, err = os.ReadFile(file); err != nil || o.stdout != "" {
				t.Errorf("%v; printed %q", err, o.stdout)
			}
		}
		if !bytes.Equal(got, page) {
			t.Errorf("%q: %d bytes, %.60q", args, len(got), got)
		}
	}
	// Into the page that is not there: what came before, and the address.
	o = warder(t, "mem", p.pid, "read", at(t, p, 4096-4), "8", "-o", "-")
	o.want(t, 125, "at "+at(t, p, 4096)+": bad address")
	if o.stdout != "\x00\x00\x00\x00" {
		t.Errorf("before the hole: %q", o.stdout)
	}
	// Around it.
	o = warder(t, "mem", p.pid, "read", at(t, p, 4096-4), "4104", "-o", "-", "--holes")
	o.want(t, 0, fmt.Sprintf("warder: warning: not readable: %s-%s (4096 bytes)\n", at(t, p, 4096), at(t, p, 8192)))
	if o.stdout != strings.Repeat("\x00", 4100)+"only" {
		t.Errorf("around the hole: %d bytes, %q", len(o.stdout), o.stdout[4090:])
	}
	o = warder(t, "mem", p.pid, "read", at(t, p, 4096-4), "4104", "--holes")
	if n := strings.Count(o.stdout, "\n"); o.status != 0 || n != 4 || !strings.Contains(o.stdout, "|only|") {
		t.Errorf("a dump around the hole: %s", o.stdout)
	}
	o = warder(t, "mem", p.pid, "read", "[stack]", "16", "-o", "-")
	if o.want(t, 0, ""); len(o.stdout) != 16 {
		t.Errorf("%d bytes of the stack", len(o.stdout))
	}
	warder(t, "mem", p.pid, "read", "[nothing]", "16").want(t, 125, "the process has no mapping [nothing]")
}

func TestLiveMemWrite(t *testing.T) {
	p := launch(t, nil, "cells")
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, []byte("from a file\x00"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		off  uint64
		args []string
		want string
	}{
		{0, []string{"--u32", "7"}, "7 1234.06 the text of the cells|only to be read"},
		{0, []string{"--i32", "-1", "--stop=false"}, "4294967295 1234.06 the text of the cells|only to be read"},
		{8, []string{"--f64", "-2.5"}, "4294967295 -2.5 the text of the cells|only to be read"},
		{0x18, []string{"--string", "THE"}, "4294967295 -2.5 THE text of the cells|only to be read"},
		{0, []string{"--hex", "01 02 00 00"}, "513 -2.5 THE text of the cells|only to be read"},
		{0x18, []string{"--file", file}, "513 -2.5 from a file|only to be read"},
		{8192, []string{"--string", "once", "--force"}, "513 -2.5 from a file|once to be read"},
	} {
		o := warder(t, append([]string{"mem", p.pid, "write", at(t, p, c.off)}, c.args...)...)
		o.want(t, 0, "")
		if got := p.tells(t); got != c.want || o.stdout != "" {
			t.Errorf("%q: the program has %q, want %q; printed %q", c.args, got, c.want, o.stdout)
		}
	}
	for _, c := range []struct {
		off  uint64
		args string
		want string
	}{
		{8192, "--string x", "at " + at(t, p, 8192) + ": bad address"},
		{4096, "--string x --force", "at " + at(t, p, 4096) + ": bad address"},
		{4095, "--hex 0000", "(the 1 bytes before are written)"},
	} {
		warder(t, append([]string{"mem", p.pid, "write", at(t, p, c.off)}, strings.Fields(c.args)...)...).want(t, 125, c.want)
	}
	if got, want := p.tells(t), "513 -2.5 from a file|once to be read"; got != want {
		t.Errorf("after the refusals %q, want %q", got, want)
	}
	// Standard input.
	cmd := command(t, "mem", p.pid, "write", at(t, p, 0x18), "--file", "-")
	cmd.Stdin = strings.NewReader("piped\x00")
	finish(t, cmd).want(t, 0, "")
	if got := p.tells(t); !strings.Contains(got, " piped|") {
		t.Errorf("%q", got)
	}
}

func TestLiveMemSearch(t *testing.T) {
	p := launch(t, nil, "cells")
	for _, c := range []struct {
		args string
		off  uint64
	}{
		{"--u32 0xbead1337 --in " + p.first + "+4K", 0},
		{"--u32 3199013687 --aligned", 0},
		{"--i32 -1095953609 --aligned", 0},
		{"--u16 0x1337 --aligned --in " + p.first + "+2", 0},
		{"--f64 1234.0625 --aligned", 8},
		{"--hex 404893400000 --in " + p.first + "+4K", 12},
		{"--string only.to --in " + p.first + "+12K", 8192},
		{"only.to --in " + p.first + "+12K --stop", 8192},
	} {
		args := append([]string{"mem", p.pid, "search"}, strings.Fields(c.args)...)
		for i := range args {
			args[i] = strings.Replace(args[i], ".to", " to", 1)
		}
		o := warder(t, args...)
		o.want(t, 0, "")
		if !strings.HasPrefix(o.stdout, at(t, p, c.off)+" ") && !strings.Contains(o.stdout, "\n"+at(t, p, c.off)+" ") {
			t.Errorf("%q found %q, want %s", args, o.stdout, at(t, p, c.off))
		}
	}
	o := warder(t, "mem", p.pid, "search", "--u8", "0", "--limit", "5", "--in", "[stack]")
	o.want(t, 0, "warder: stopped at 5 addresses; there may be more: see --limit\n")
	if strings.Count(o.stdout, "\n") != 5 || strings.Count(o.stdout, "[stack]+0x") != 5 {
		t.Errorf("%q", o.stdout)
	}
	var hits []struct{ Address, Place string }
	o = warder(t, "mem", p.pid, "search", "--u8", "0", "--limit", "3", "--in", "[stack]", "--json")
	if err := json.Unmarshal([]byte(o.stdout), &hits); err != nil || len(hits) != 3 || hits[0].Place != "[stack]+0x0" {
		t.Errorf("%v, %+v", err, hits)
	}
	o = warder(t, "mem", p.pid, "search", "--json", "--hex", "00112233445566778899aabbccddeeff"+"0f1e2d3c")
	o.want(t, 1, "")
	if o.stdout != "[]\n" {
		t.Errorf("nothing is %q", o.stdout)
	}
}

func TestLiveMemStrings(t *testing.T) {
	p := launch(t, nil, "cells")
	base := strings.TrimPrefix(p.first, "0x")
	text := fmt.Sprintf("%s %s\n", strings.TrimPrefix(at(t, p, 0x18), "0x"), "the text of the cells")
	o := warder(t, "mem", p.pid, "strings", "--in", p.first+"+12K")
	o.want(t, 0, "")
	if want := text + strings.TrimPrefix(at(t, p, 8192), "0x") + " only to be read\n"; o.stdout != want {
		t.Errorf("%q, want %q", o.stdout, want)
	}
	o = warder(t, "mem", p.pid, "strings", "-n", "16", "--in", base+"-"+strings.TrimPrefix(at(t, p, 12288), "0x"), "--stop")
	if o.want(t, 0, ""); o.stdout != text {
		t.Errorf("%q, want %q", o.stdout, text)
	}
	o = warder(t, "mem", p.pid, "strings", "--json", "--limit", "1", "--in", p.first+"+4096")
	o.want(t, 0, "stopped at 1 runs")
	var x struct{ Address, Text string }
	if err := json.Unmarshal([]byte(o.stdout), &x); err != nil || x.Text != "the text of the cells" || x.Address != at(t, p, 0x18) {
		t.Errorf("%v: %q", err, o.stdout)
	}
	o = warder(t, "mem", p.pid, "strings", "--in", "[stack]")
	if !strings.Contains(o.stdout, "PATH=") {
		t.Error("no PATH in the stack")
	}
	// A reader that has seen enough ends it.
	cmd := command(t, "mem", p.pid, "strings")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(out, make([]byte, 10)); err != nil {
		t.Error(err)
	}
	out.Close()
	_ = cmd.Wait()
	if got := p.tells(t); !strings.Contains(got, "the text") {
		t.Errorf("the program has %q", got)
	}
}

func TestMemUsage(t *testing.T) {
	for args, want := range map[string]string{
		"mem":                              "no PID and action given",
		"mem 1":                            "no PID and action given (maps, read, write, search, strings)",
		"mem 1 --stop":                     "no PID and action given",
		"mem maps":                         "no PID given; try warder mem maps --help",
		"mem x maps":                       `unknown subcommand "x"`,
		"mem 1 mapz":                       `unknown subcommand "mapz" (did you mean "maps"?)`,
		"mem 0 maps":                       `PID "0": want the number of a process`,
		"mem -1 maps":                      "unknown shorthand flag",
		"mem 1 maps x":                     `unexpected argument "x"`,
		"mem 1 read":                       "no ADDR given",
		"mem 1 read 0":                     "no LEN given",
		"mem 1 read 7ffc 4":                `address "7ffc" is no decimal number (did you mean 0x7ffc?)`,
		"mem 1 read xyz 4":                 `address "xyz" is no number: want 0x… or decimal digits`,
		"mem 1 read 0x1ffffffffffffffff 4": "is beyond 64 bits",
		"mem 1 read [heap 4":               `no ] behind the mapping's name`,
		"mem 1 read [heap]x 4":             `want [heap] or [heap]+OFFSET`,
		"mem 1 read 0 0":                   `LEN "0" is not a length`,
		"mem 1 read 0 0x0":                 "LEN must be more than 0",
		"mem 1 read 0 none":                `LEN "none" is not a length`,
		"mem 1 read 0 1G":                  "a dump has at most 64 MiB: give -o FILE",
		"mem 1 read 0 1 --holes --force":   "give one of them",
		"mem 1 read 0 1 -o /no/such/x":     "--output: open /no/such/x: no such file",
		"mem 1 write 0":                    "say what to write, by one of --hex, --string, --u8",
		"mem 1 write 0 --u8 256":           `--u8 "256": it does not fit into 8 bits`,
		"mem 1 write 0 --u8 -1":            `--u8 "-1": it has a sign`,
		"mem 1 write 0 --i8 -129":          "it does not fit into 8 bits",
		"mem 1 write 0 --f32 1e99":         "it does not fit into 32 bits",
		"mem 1 write 0 --f64 x":            "it is no number",
		"mem 1 write 0 --hex 1":            "--hex: half a byte",
		"mem 1 write 0 --u8 1 --u16 1":     "say what to write, by one of",
		"mem 1 write 0 --u8 1 --file x":    "give one of them",
		"mem 1 write 0 --file /no/such":    "--file: open /no/such: no such file",
		"mem 1 write 0 --file /dev/null":   "--file: /dev/null is empty",
		"mem 1 search":                     "say what to search",
		"mem 1 search x --u8 1":            "give one of them",
		"mem 1 search x y":                 `unexpected argument "y"`,
		"mem 1 search x --aligned":         "--aligned is for numbers",
		"mem 1 search x --limit 0":         "--limit: must be more than 0",
		"mem 1 strings -n 0":               "--bytes 0: want 1 to 4096",
		"mem 1 strings --limit -1":         "--limit: must not be negative",
		"mem 1073741824 maps":              "process 1073741824: no such process",
		"mem 1073741824 read 0 1":          "process 1073741824: no such process",
		"mem 1073741824 write 0 --u8 1":    "process 1073741824: no such process",
		"mem 1073741824 strings":           "process 1073741824: no such process",
	} {
		o := warder(t, strings.Fields(args)...)
		o.want(t, 125, want)
		if o.stdout != "" || strings.Count(o.stderr, "\n") != 1 || strings.Contains(o.stderr, "BUG") {
			t.Errorf("%s: printed %q, said %q", args, o.stdout, o.stderr)
		}
	}
	for _, args := range []string{"regs --help", "mem --help", "mem 1 read --help", "mem write --help", "help mem", "help mem search"} {
		o := warder(t, strings.Fields(args)...)
		o.want(t, 0, "")
		if !strings.Contains(o.stdout, "Usage:\n  warder ") {
			t.Errorf("%s prints %q", args, o.stdout)
		}
	}
}

func TestParseWithin(t *testing.T) {
	maps, err := memory.ParseMaps(strings.NewReader(
		"1000-2000 r--p 0 0:0 1 /lib/libc.so.6\n2000-3000 r-xp 0 0:0 1 /lib/libc.so.6\n4000-5000 rw-p 0 0:0 0 [heap]\n6000-7000 r--p 0 0:0 2 /a-b+c\n"))
	if err != nil {
		t.Fatal(err)
	}
	for in, want := range map[string]string{
		"1000-1fff":          "[{4096 4095}]",
		"0x1000-0x2000":      "[{4096 4096}]",
		"0x10+16":            "[{16 16}]",
		"4096+4K":            "[{4096 4096}]",
		"[heap]":             "[{16384 4096}]",
		"libc.so.6":          "[{4096 4096} {8192 4096}]",
		"/lib/libc.so.6":     "[{4096 4096} {8192 4096}]",
		"a-b+c":              "[{24576 4096}]",
		"2000-1000":          "it ends before it begins",
		"libc":               "no mapping of that name",
		"":                   "no mapping of that name",
		"0-ffffffffffffffff": "[{0 18446744073709551615}]",
	} {
		ranges, err := parseWithin(in, maps)
		if got := fmt.Sprint(ranges); err == nil && got != want || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %s, %v; want %s", in, got, err, want)
		}
	}
}
