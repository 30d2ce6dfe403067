package snapshot

import (
	"context"
	"errors"
	"io/fs"
	"time"
)

// Begin is Capture for a process that stands still until the caller is back,
// such as one that a hook of a session is shown: it returns when the process
// may go on. The rest is done meanwhile; Wait must follow.
//
// By StopCopy that rest is writing the file, for up to BufferMax; by ForkCopy
// it is nearly everything. By PreCopy there would be none.
func Begin(ctx context.Context, src Source, path string, cfg *Config) (*Pending, error) {
	p, err := prepare(src, path, cfg)
	if err != nil {
		return nil, err
	}
	p.c.held = true
	if err := p.c.run(ctx); err != nil {
		p.target.abandon()
		return nil, p.named(err)
	}
	p.c.report.Freeze = time.Since(p.begin)
	go func() {
		defer close(p.over)
		p.r, p.err = p.complete(ctx)
	}()
	return p, nil
}

// Pending is a snapshot that is being written.
type Pending struct {
	path   string
	begin  time.Time
	target *target
	c      *capture

	over chan struct{}
	r    *Report
	err  error
}

// Wait returns when the file is complete, or has failed. It may be called
// again.
func (p *Pending) Wait() (*Report, error) {
	<-p.over
	return p.r, p.err
}

func prepare(src Source, path string, cfg *Config) (*Pending, error) {
	begin := time.Now()
	if cfg == nil {
		cfg = &Config{}
	}
	target, err := newTarget(path, cfg.NoSync)
	if err != nil {
		return nil, err
	}
	return &Pending{path: path, begin: begin, target: target, c: newCapture(src, target.raw(), cfg), over: make(chan struct{})}, nil
}

// named gives an error about the file the name that the caller knows.
func (p *Pending) named(err error) error {
	if written := (*fs.PathError)(nil); errors.As(err, &written) {
		return &FileError{written.Op, p.path, written.Err}
	}
	return err
}

// complete does what is left when the process runs again.
func (p *Pending) complete(ctx context.Context) (*Report, error) {
	defer p.target.abandon()
	if err := p.c.complete(ctx); err != nil {
		return nil, p.named(err)
	}
	p.c.report.Size = p.target.size()
	if err := p.target.commit(ctx); err != nil {
		return nil, err
	}
	return p.c.done(p.begin), nil
}
