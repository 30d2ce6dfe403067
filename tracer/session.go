package tracer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"go.uber.org/zap/zapcore"
	"golang.org/x/sys/unix"

	"warder/internal/procfs"
	"warder/internal/ptrace"
	"warder/rules"
	rbpf "warder/rules/bpf"
)

// session is one held program from launch to the last death. Everything but
// budget belongs to the worker's thread.
type session struct {
	cfg    *Config
	policy *Prepared
	worker *worker
	limits Limits
	prog   *program

	tasks   map[int]*task
	procs   map[int]*process // written under budget.mu
	root    int              // process id of the program
	dir     int              // its working directory while its loader runs
	newRoot int              // its root directory, or -1
	uid     int              // of its own, or -1
	killing bool
	forked  bool // there has been more than one process
	retire  bool // the stub cannot be kept: not every tracee is known for sure

	walls     []Wall        // that stand
	target    rules.Target  // of filter
	filter    *rbpf.Program // that the child begins with, or nil
	guard     *rbpf.Program // that the child loads behind it, or nil
	notified  bool          // the program is not traced once it runs
	change    *rbpf.Program // that is loaded behind it at the entry point, or nil
	keptFD    int           // that of Config.Keep
	laterFD   int           // the program's descriptor of its main stage's Landlock ruleset, or -1
	rootWaits bool          // the root moves at the entry point
	gathering bool          // tasks are being parked
	born      int           // of the last call injected
	copies    copies        // of the program
	jobs      []job         // that want all tasks stopped
	rooted    bool          // the root has moved

	events []event // of one round of the loop
	late   []event // that an injection met

	info ptrace.SyscallInfo
	call rules.Call

	verdict rules.Verdict // that the witness is told of
	ctx     rules.Context
	at      *task // whose memory ctx.Path reads

	stops   uint64
	inHook  bool
	renamed map[int]int // what the ids of threads were, and are: Frozen.Renamed
	traced  []bool      // the calls that Config.Trace wants, by number

	onReturn func(rax uint64) // RunCode: the code came back to its caller
	finished bool             // it did

	bell struct {
		sync.Mutex
		jobs   []job
		rings  int // that have not been answered; two may come as one
		closed bool
	}
	begun chan struct{} // closed when the program has been launched; or nil

	budget    budget
	placement placement
	result    Result
	start     time.Time
}

const pathMax = 4096

// Run holds one program from launch to its end, and everything that it
// started with it. The error is the supervisor's own failure or a
// *LaunchError; what the program did is in the Result. When ctx ends, the
// session is killed and the Result's outcome is Failed with ctx's cause.
func Run(ctx context.Context, cfg *Config) (*Result, error) {
	s, err := newSession(cfg)
	if err != nil {
		return nil, err
	}
	if err := s.notify(); err != nil {
		s.closeRoot()
		s.prog.close()
		return nil, err
	}
	return s.supervise(ctx)
}

// supervise runs a session to its Result.
func (s *session) supervise(ctx context.Context) (*Result, error) {
	cfg := s.cfg
	leave := begins(ctx)
	defer leave()
	defer s.closeRoot()
	defer s.prog.close()
	io, err := openStdio(cfg, &s.budget)
	if err != nil {
		return nil, err
	}
	defer io.close()
	defer func() {
		if s.budget.release != nil {
			s.budget.release()
		}
	}()
	if err := s.openDir(); err != nil {
		return nil, err
	}
	defer unix.Close(s.dir)
	onWorker(s.policy, s.target, cfg.Once, func(w *worker) {
		s.worker = w
		err = s.run(ctx, io)
	})
	leave()
	io.finish(s.handover())
	if err != nil {
		return nil, err
	}
	s.result.OutputBytes = io.total()
	s.conclude()
	if cfg.Observer != nil {
		cfg.Observer.End(&s.result)
	}
	s.logEnd()
	return &s.result, nil
}

func newSession(cfg *Config) (*session, error) {
	s := &session{
		cfg: cfg, limits: cfg.Limits.withDefaults(), uid: -1, laterFD: -1,
		tasks: make(map[int]*task, 4), procs: make(map[int]*process, 1),
	}
	policy := cfg.Policy
	if policy == nil {
		var err error
		if policy, err = rules.Profile("compute"); err != nil {
			return nil, err
		}
	}
	for _, w := range cfg.Without {
		if !w.Optional() {
			return nil, fmt.Errorf("wall %q cannot be done without", w)
		}
	}
	if err := cfg.checkWatch(); err != nil {
		return nil, err
	}
	if err := s.checkTrace(); err != nil {
		return nil, err
	}
	prepared, err := Prepare(policy.Watching(slices.Concat(cfg.Watch.calls(), cfg.Trace.calls(), cfg.renames())), cfg.Engine)
	if err != nil {
		return nil, err
	}
	s.policy = prepared
	s.result = Result{Engine: cfg.Engine, Policy: policy.Name, ExitCode: -1, MemoryPeak: -1}
	s.retire = !prepared.threadsOnly
	s.ctx.Path = s.readPath
	s.budget.init(s)
	if prepared.memfds {
		s.budget.memfds = max(s.limits.OpenFiles, 0)
	}
	if why := s.sharesID(); cfg.Engine == Seccomp && s.retire && why != "" {
		return nil, fmt.Errorf("policy %s lets the program make processes, and the seccomp engine can end them only by a user id of their own, which is not to be had (%s): use the hybrid engine",
			policy.Name, why)
	}
	if err := s.openRoot(); err != nil {
		return nil, err
	}
	if s.prog, err = openProgram(s.newRoot, cfg.Path); err != nil {
		s.closeRoot()
		return nil, err
	}
	if s.prog.head != nil {
		if s.prog, err = s.openScript(s.prog); err != nil {
			s.closeRoot()
			return nil, err
		}
	}
	if err = s.chooseFilters(); err == nil && cfg.Engine == Strict && s.prog.dynamic {
		err = &LaunchError{Path: cfg.Path, Err: unix.ENOEXEC, Hint: "the strict engine runs static programs only: link it with -static -nostdlib"}
	}
	if err != nil {
		s.closeRoot()
		s.prog.close()
		return nil, err
	}
	return s, nil
}

// run is the session on its worker's thread.
func (s *session) run(ctx context.Context, io *stdio) (err error) {
	defer func() {
		// No tracee can cause a panic by design; if one does, the session ends
		// like any other failure, with its tracees killed.
		if p := recover(); p != nil {
			s.drain()
			err = fmt.Errorf("BUG: session loop: %v", p)
		}
	}()
	w := s.worker
	for try := 1; ; try++ {
		if err = s.stubAndLaunch(io); err == nil {
			break
		}
		w.unpin()
		w.closeStub() // it may hold descriptors of the launch that failed
		if try == launchTries || !meddled(err) {
			return err
		}
	}
	io.childDone()
	if t, err := procfs.CPUTime(s.root); err == nil {
		s.budget.setup = t
	}
	if err := s.resetGroup(); err != nil {
		s.fail(err)
	}
	s.start = time.Now()
	s.placement.begin(w, s.root)
	defer s.placement.end()
	stop := s.budget.watch(ctx, &s.placement)
	defer stop()
	if cfg := s.cfg; cfg.Watch.Limit {
		s.budget.onLimit = s.onLimit
	}
	defer s.ticks()()
	if s.begun != nil {
		close(s.begun)
	}
	if err := s.begin(); err != nil && !errors.Is(err, unix.ESRCH) {
		s.fail(err) // ESRCH: it was killed, which is its fate and no failure
	}
	swept := s.sweepLeft()
	if err := s.loop(); err != nil {
		s.drain()
		s.endAbandoned(swept)
		return err
	}
	s.result.Wall = time.Since(s.start)
	s.copies.alive.Wait() // the stub buries them
	if err := s.settleGroup(); err != nil {
		s.log(zapcore.ErrorLevel, err.Error(), nil)
	}
	s.neverMoved()
	s.returnRoot()
	if s.leavesProcesses() && w.stub != nil {
		if err := s.endUser(s.uid); err != nil {
			s.log(zapcore.ErrorLevel, "what the program left running: "+err.Error(), nil)
			s.result.Message = "processes may be left: " + err.Error()
		} else if err := mark(uint32(s.uid), false); err != nil {
			s.log(zapcore.ErrorLevel, err.Error(), nil) // the next to have the id looks again
		}
	}
	s.endAbandoned(swept)
	switch {
	case s.retire:
		s.drain()
	case s.cfg.Once, s.policy.ipc, s.policy.keys: // what it left dies with the stub
		w.closeStub()
	}
	return nil
}

// drain kills everything that this thread traces or has for a child, the stub
// included, and waits until nothing is left.
func (s *session) drain() {
	s.budget.killAll()
	s.copies.kill()
	s.killing = true
	stub := s.worker.stub
	if stub != nil {
		stub.Kill()
	}
	for {
		var status uint32
		tid, err := ptrace.Wait(-1, unix.WALL|wnothread, &status, nil)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			break // ECHILD: all dead and reaped
		}
		switch classify(status).kind {
		case ExitedDeath, SignaledDeath:
			s.drop(tid)
		default:
			// A child born meanwhile stops before its first instruction.
			_ = unix.Kill(tid, unix.SIGKILL)
		}
	}
	for _, p := range s.procs {
		s.dropProcess(p)
	}
	if stub != nil {
		stub.Dead()
		s.worker.closeStub()
	}
}

func (s *session) unavailable(wall, why string) {
	s.result.Unavailable = append(s.result.Unavailable, wall+": "+why)
}

// readPath reads a path argument of the call being decided, for probes.
func (s *session) readPath(i int) (string, bool) {
	p, err := s.space(s.at).String(s.call.Args[i], pathMax)
	return p, err == nil
}

// handover is how long the readers of the program's output may take over what
// is left of it: the rest of its wall time, and a second at least.
func (s *session) handover() time.Duration {
	const least = time.Second
	if s.limits.Wall < 0 && !s.budget.hasCause() {
		return -1
	}
	return max(s.limits.Wall-s.result.Wall, least)
}

// conclude settles what only the whole session tells.
func (s *session) conclude() {
	r := &s.result
	r.Stops = s.stops
	s.budget.settle(r)
	switch r.Outcome {
	case OK, Exited, Signaled:
	default:
		r.ExitCode, r.Signal = -1, 0 // warder's own kill is not the program's fate
	}
}
