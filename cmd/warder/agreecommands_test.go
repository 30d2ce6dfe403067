package main

import (
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"

	"warder/internal/testprog"
)

// compared is a command that is run under strace and under warder trace.
type compared struct {
	name  string
	argv  []string
	setup string // of the shell, in the fresh directory, not traced

	needs  []string // programs besides argv[0]
	random []mask   // what it makes up
	aside  []aside  // lines that are not compared
}

// sh is a command line of the shell.
func sh(name, script string, needs ...string) compared {
	return compared{name: name, argv: []string{"sh", "-c", script}, needs: needs}
}

func argvOf(argv ...string) compared { return compared{name: argv[0], argv: argv} }

func (c compared) with(setup string) compared { c.setup = setup; return c }

func (c compared) making(pattern, by string) compared { c.random = masked(pattern, by); return c }

func (c compared) named(name string) compared { c.name = name; return c }

// aside are lines that are not compared: what chance decides, or a difference
// that docs/trace.md tells of.
type aside struct {
	pattern *regexp.Regexp
	why     string
}

func (c compared) leaving(pattern, why string) compared {
	c.aside = append(c.aside, aside{regexp.MustCompile(pattern), why})
	return c
}

const (
	whoIsFaster = "whether another thread was faster"
	asNumbers   = "flags that are numbers here"
)

// Setups.
const (
	someFiles = `mkdir -p d/e && printf 'b 2\na 1\nc 3\n' >d/abc && printf 'one\ntwo\nthree\n' >d/e/numbers && ln -s abc d/link
		seq 1 2000 >lines`
	source = `printf '#include <stdio.h>\nint main(void) { puts("hello"); return 0; }\n' >hello.c`
	work   = `git init -q . && echo one >file && git add file && git commit -q -m first && echo two >>file`
)

// comparedCommands are those of the agreement that this machine has, and the
// names of those that it has not.
func comparedCommands(t testing.TB, dir string) (list []compared, missing []string) {
	t.Helper()
	list = []compared{
		argvOf("true"),
		argvOf("ls", "-l", "--color=never", "d", "none").with(someFiles),
		argvOf("cp", "-a", "d", "copy").with(someFiles),
		argvOf("mv", "d/abc", "moved").with(someFiles),
		argvOf("rm", "-r", "d").with(someFiles),
		argvOf("sort", "-r", "lines").with(someFiles),
		argvOf("wc", "lines", "d/abc").with(someFiles),
		argvOf("date", "-d", "@0"),
		argvOf("stat", "d/link", "lines").with(someFiles),
		argvOf("df", "."),
		argvOf("du", "-a", "d").with(someFiles),
		argvOf("head", "-n", "5", "lines").with(someFiles),
		argvOf("dd", "if=lines", "of=copy", "bs=512", "count=8", "status=noxfer").with(someFiles),
		argvOf("mktemp"),
		argvOf("env", "-i", "A=1", "id"),
		argvOf("timeout", "5", "true"),
		argvOf("nice", "-n", "3", "true"),
		argvOf("touch", "-d", "@1000", "new", "lines").with(someFiles),
		argvOf("ps", "-p", "1", "-o", "pid,comm").
			making(`(read\(\d+, )".*"(?:\.\.\.)?(, \d+\) += )\d+`, "${1}PROC${2}N"),
		argvOf("tar", "cf", "all.tar", "d").with(someFiles),
		argvOf("tar", "xf", "all.tar").named("tar x").with(someFiles + "; tar cf all.tar d; rm -r d"),
		argvOf("gzip", "-9", "lines").with(someFiles),
		argvOf("find", ".", "-name", "*b*", "-type", "f").with(someFiles),
		argvOf("grep", "-rn", "two", "d").with(someFiles),
		argvOf("sed", "-i", "s/1/one/", "lines").with(someFiles),
		argvOf("gawk", "{ n += $1 } END { print n }", "lines").with(someFiles),
		argvOf("perl", "-MFile::Spec", "-e", "print join ',', sort map { $_ * 2 } 1..10"),
		argvOf("/usr/bin/python3", "-c", "import json, os, subprocess; print(json.dumps(sorted(os.listdir('.')))); subprocess.run(['true'])").
			named("python3").with(someFiles),
		argvOf("gcc", "-O1", "-o", "hello", "hello.c").with(source),
		argvOf("make", "-s").with(source + `; printf 'hello: hello.c\n\tcp hello.c hello\n' >Makefile`),
		argvOf("git", "init", "-q", "repo").named("git init"),
		argvOf("git", "-c", "core.fsync=none", "commit", "-q", "-a", "-m", "second").named("git commit").with(work).
			making(`(write\(3, "DIRC)[^"]*"(?:\.\.\.)?|(write\(3, ")[^"]*", 20\)`, "$1$2"), // times, an inode, and their hash
		argvOf("git", "--no-pager", "log", "-p").named("git log").with(work),
		argvOf("sqlite3", "base.db", "create table t(a, b); insert into t values (1, 'x'), (2, 'y'); select sum(a) from t;").
			making(`(pwrite64\(4, )"[^"]*"`, "$1JOURNAL"), // its pages are salted
		argvOf("openssl", "dgst", "-sha256", "lines").with(someFiles),
		sh("xargs", "seq 1 6 | xargs -n 2 echo", "xargs", "seq"),
		argvOf("bash", "-c", `for i in 1 2 3; do echo $i; done | cat | while read x; do echo "<$x>"; done; trap 'echo bye' EXIT; kill -USR1 $$ & wait; (exit 3)`),
		sh("sh", `echo hi | cat; (exit 3); x=$(echo sub); kill -TERM $$`),
		compared{name: "Go", argv: []string{testprog.Program(t, "hellogo")}}.leaving(`^(futex|nanosleep|sched_yield)\(`, whoIsFaster),
		{name: "threads", argv: []string{testprog.Program(t, "threads")}},
		compared{name: "exec by a thread", argv: []string{testprog.Program(t, "threadexec"), "3"}}.
			leaving(`^getppid\(`, "as many as there is time for"),
	}
	for _, name := range []string{"files", "sockets", "events", "signals", "processes", "system"} {
		c := compared{name: "own " + name, argv: []string{compileAgree(t, dir, name)}}
		switch name {
		case "events":
			c = c.making(`(read\(11, "\\n)[^"]*"`, "${1}SIGINFO") // the sender's id is in it
		case "system":
			c = c.leaving(`^(kexec_load|fanotify_init|quotactl)\(`, asNumbers).
				leaving(`^shmctl\(.*, IPC_STAT`, "a structure that is an address here").
				leaving(`^membarrier\(MEMBARRIER_CMD_QUERY`, "a name that strace 6.1 does not know").
				leaving(`^syscall_0xf+\(`, "a number of 32 bits here")
		}
		list = append(list, c)
	}
	list = append(list, argvOf("curl", "-s", "--noproxy", "*", "-o", "got", serve(t)+"/page").
		leaving(`^(poll\(|rt_sigaction\(SIGPIPE)`, "how soon the server answers"))
	list = append(list, javas(t, dir)...)
	var here []compared
	for _, c := range list {
		found := true
		for _, program := range append(c.needs, c.argv[0]) {
			if _, err := exec.LookPath(program); err != nil {
				found = false
			}
		}
		if found {
			here = append(here, c)
		} else {
			missing = append(missing, c.name)
		}
	}
	return here, missing
}

// compileAgree builds testdata/agree/NAME.c.
func compileAgree(t testing.TB, dir, name string) string {
	t.Helper()
	out := filepath.Join(dir, name)
	cmd := exec.CommandContext(t.Context(), "gcc", "-O1", "-w", "-pthread", "-o", out, filepath.Join("testdata", "agree", name+".c"), "-lrt", "-lutil")
	if said, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	return out
}

// serve is a web server's address.
func serve(t testing.TB) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["Date"] = nil
		_, _ = w.Write([]byte("a page\n"))
	}))
	_ = server.Listener.Close()
	server.Listener = listener
	server.Start()
	t.Cleanup(server.Close)
	return server.URL
}

// javas are a Java program, where there is a JDK.
func javas(t testing.TB, dir string) []compared {
	t.Helper()
	classes := filepath.Join(dir, "classes")
	if javac, err := exec.LookPath("javac"); err == nil {
		if err := os.Mkdir(classes, 0o755); err != nil {
			t.Fatal(err)
		}
		cmd := exec.CommandContext(t.Context(), javac, "-d", classes, filepath.Join("testdata", "agree", "Hello.java"))
		if said, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, said)
		}
	}
	return []compared{compared{
		name: "Java", needs: []string{"javac"},
		argv: []string{"java", "-Xint", "-XX:+UseSerialGC", "-XX:-UsePerfData", "-Xmx64m", "-cp", classes, "Hello"},
	}.making(`(\.java_pid)\d+|(read\(\d+, )"(?:cpu|cache| +\d+ kB).*"\.\.\.`, "$1${2}PROC").
		leaving(`^(futex|sched_yield)\(`, whoIsFaster)}
}
