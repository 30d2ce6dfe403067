package lint_test

// anything stands for every package of the repository.
const anything = "*"

// imports says, for each package, which of ours its non-test files may import.
// Data flows launch -> stop -> decode -> decide -> act -> record; nothing
// imports upward.
var imports = map[string][]string{
	"abi":               {},
	"decode":            {"abi"},
	"rules":             {"abi", "internal/guess", "rules/bpf"},
	"rules/bpf":         {"abi"},
	"internal/ptrace":   {},
	"internal/procfs":   {},
	"internal/elfimage": {},
	"internal/cursor":   {},
	"internal/guess":    {},
	"internal/elfread":  {"internal/cursor"},
	"regs":              {"abi", "internal/ptrace"},
	"memory":            {"internal/procfs", "internal/ptrace"},
	"jail":              {"internal/elfimage", "internal/ptrace", "rules/bpf"},
	"jail/cgroup":       {},
	"tracer": {
		"abi", "decode", "internal/elfimage", "internal/procfs", "internal/ptrace", "jail", "jail/cgroup",
		"memory", "regs", "rules", "rules/bpf",
	},
	// Names of signals come from abi; a table of names is not the data's path.
	"record":         {"abi", "tracer"},
	"record/metrics": {"abi", "rules", "tracer"},
	"record/trace":   {"abi", "decode", "internal/guess", "internal/procfs", "memory", "regs", "rules", "tracer"},
	"record/page":    {"abi", "record/trace"},
	"record/cases":   {"abi", "record/trace", "rules"},
	"record/learn":   {"abi", "record/cases", "record/trace", "rules"},
	"snapshot":       {"internal/elfimage", "internal/procfs", "internal/ptrace", "memory", "regs"},
	"unwind":         {"internal/cursor", "internal/elfread", "internal/procfs", "memory", "regs", "unwind/cfi", "unwind/dwarf", "unwind/gotab"},
	"unwind/cfi":     {"internal/cursor"},
	"unwind/dwarf":   {"internal/cursor"},
	"unwind/gotab":   {"internal/cursor"},
	"gdb":            {"memory", "regs"},
	"bench":          {anything},
	"cmd/warder":     {anything},

	"docs/example":              {"record", "rules", "tracer"},
	"docs/example/rewind":       {"rules", "snapshot", "tracer"},
	"internal/lint":             {},
	"internal/testutil":         {},
	"internal/testprog":         {"internal/testutil"},
	"internal/tools/abigen":     {},
	"internal/tools/perfdocs":   {"bench"},
	"internal/tools/profilegen": {"abi", "rules"},
}

// pure are the packages that never see a process: they build on any system.
var pure = []string{"abi", "decode", "internal/guess", "rules", "rules/bpf"}

// forTests are the packages that only tests may import.
var forTests = []string{"internal/testutil", "internal/testprog"}

// home says which packages may use something; others may in tests only.
type home struct {
	what     string   // "unsafe", or "runtime.LockOSThread"
	packages []string // "*" and a trailing /... as in the go command
	why      string
}

// importHomes are the homes of imported packages, with all below them.
var importHomes = []home{
	{"github.com/prometheus", []string{"record/metrics", "cmd/..."}, "a program that wants no metrics links none"},
	{"net/http", []string{"record/metrics", "cmd/..."}, "a run serves nothing"},
	{"os/exec", []string{"cmd/...", "bench", "internal/testutil", "internal/testprog", "internal/tools/..."}, "held programs are launched by jail; nothing else is started"},
	{"log", nil, "logs go through Config.Log"},
}

// callHomes are the homes of functions.
var callHomes = []home{
	{"runtime.LockOSThread", []string{"tracer", "jail"}, "ptrace is a relation between threads: one package owns them"},
	{"panic", nil, "a broken invariant is an error that begins with BUG:"},
	{"time.Sleep", []string{"bench", "internal/testutil", "internal/testprog"}, "wait for what is waited for"},
	{"fmt.Print", []string{"cmd/...", "bench", "docs/...", "internal/tools/..."}, "standard output is the program's"},
	{"fmt.Println", []string{"cmd/...", "bench", "docs/...", "internal/tools/..."}, "standard output is the program's"},
	{"fmt.Printf", []string{"cmd/...", "bench", "docs/...", "internal/tools/..."}, "standard output is the program's"},
	{"os.Exit", []string{"cmd/...", "bench", "docs/...", "internal/tools/..."}, "a library does not end its program"},
}

// lockFiles are the only files of tracer that may lock a thread.
var lockFiles = []string{"worker.go"}

// Lines of a file. Generated files (z*.go) are as long as their data.
const (
	maxLines     = 400
	maxTestLines = 600
)
