package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"warder/record/page"
	"warder/record/trace"
	"warder/rules"
)

// pageFile is a trace's page on its way into a file.
type pageFile struct {
	file *os.File
	w    *bufio.Writer
	page *page.Writer
	err  error // the first
}

func openPage(name string, command []string, policy *rules.Policy) (*pageFile, error) {
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o666)
	if err != nil {
		return nil, fmt.Errorf("--html: %w", err)
	}
	p := &pageFile{file: file, w: bufio.NewWriterSize(file, 1<<20)}
	opt := page.Options{Command: command, Start: time.Now(), Version: strings.TrimPrefix(versionLine(), "warder ")}
	if policy != nil {
		opt.Policy = policy.Name
	}
	p.page = page.New(p.w, opt)
	return p, nil
}

// add is told of events on the tracing thread. An error ends the page, not the
// program.
func (p *pageFile) add(e *trace.Event) {
	if p.err == nil {
		p.err = p.page.Add(e)
	}
}

func (p *pageFile) close(outcome string) error {
	p.page.Outcome(outcome)
	err := errors.Join(p.err, p.page.Close(), p.w.Flush(), p.file.Close())
	if err != nil {
		return fmt.Errorf("--html: %w", err)
	}
	return nil
}
