package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"warder/tracer"
)

// codeFlags are the flags of warder code.
type codeFlags struct {
	session   sessionFlags
	hex, file string
}

func newCode() *cobra.Command {
	var f codeFlags
	cmd := &cobra.Command{
		Use:   "code [flags] (--hex BYTES | --file FILE)",
		Short: "Run raw machine code as a function, in seccomp mode 1",
		Long: `Run machine code of this processor as a function without arguments, in a
process that may do nothing but read and write its standard descriptors and
end (seccomp mode 1). The registers are zero, there is a stack; what the code
leaves in rax when it returns is printed. The budgets are those of run; so is
the exit status, with 0 for code that returned.`,
		Example: `  warder code --hex 'b0 2a c3'
  warder code --cpu-time 100ms --file loop.bin`,
		Args: needArgs(),
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	fs := cmd.Flags()
	fs.StringVar(&f.hex, "hex", "", "the code in hexadecimal `BYTES`; spaces, commas, 0x and \\x are skipped")
	fs.StringVar(&f.file, "file", "", "`FILE` with the code, raw")
	f.session.define(fs)
	return cmd
}

func (f *codeFlags) run(cmd *cobra.Command) error {
	if _, err := fromEnvironment(cmd.Flags(), sessionEnvironment...); err != nil {
		return err
	}
	code, err := f.read(cmd)
	if err != nil {
		return err
	}
	cfg := tracer.Config{Once: true, Engine: tracer.Strict, Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr}
	h, err := f.session.prepare(&cfg, "code")
	if err != nil {
		return err
	}
	var result *tracer.CodeResult
	r, err := h.hold(func(ctx context.Context, cfg *tracer.Config) (*tracer.Result, error) {
		c, err := tracer.RunCode(ctx, cfg, code)
		if err != nil {
			return nil, err
		}
		result = c
		return c.Result, nil
	})
	if err != nil {
		return h.failed(err)
	}
	if result != nil && result.Result == r && result.Returned {
		if _, err := fmt.Fprintf(os.Stdout, "untrusted code returned %d\n", result.Value); err != nil {
			return h.failed(fmt.Errorf("standard output: %w", err))
		}
	}
	return h.ended(r)
}

// read gives the machine code.
func (f *codeFlags) read(cmd *cobra.Command) ([]byte, error) {
	switch byHex, byFile := cmd.Flags().Changed("hex"), cmd.Flags().Changed("file"); {
	case byHex && byFile:
		return nil, errors.New("--hex and --file: give one of them")
	case byHex:
		code, err := parseHex(f.hex)
		if err != nil {
			return nil, fmt.Errorf("--hex: %w", err)
		}
		return code, nil
	case byFile:
		code, err := os.ReadFile(f.file)
		if err != nil {
			return nil, fmt.Errorf("--file: %w", err)
		}
		if len(code) == 0 {
			return nil, fmt.Errorf("--file: %s is empty", f.file)
		}
		return code, nil
	}
	return nil, errors.New("no code given: --hex BYTES or --file FILE; try warder code --help")
}

// parseHex reads bytes as people write them: "b0 2a c3", "b02ac3",
// "0xb0, 0x2a, 0xc3", `\xb0\x2a\xc3`. Positions in errors count from 1.
func parseHex(s string) ([]byte, error) {
	var code []byte
	for i := 0; i < len(s); {
		switch {
		case strings.IndexByte(" \t\r\n,", s[i]) >= 0:
			i++
			continue
		case strings.HasPrefix(s[i:], "0x"), strings.HasPrefix(s[i:], "0X"), strings.HasPrefix(s[i:], `\x`):
			i += 2
		}
		high, low := digitAt(s, i), digitAt(s, i+1)
		switch {
		case i >= len(s):
			return nil, errors.New("it ends where a byte should follow")
		case high < 0:
			return nil, fmt.Errorf("%q at position %d is no hexadecimal digit", charAt(s, i), i+1)
		case i+1 == len(s):
			return nil, fmt.Errorf("half a byte, %q, at position %d", charAt(s, i), i+1)
		case low < 0:
			return nil, fmt.Errorf("%q at position %d is no hexadecimal digit", charAt(s, i+1), i+2)
		}
		code = append(code, byte(high<<4|low))
		i += 2
	}
	if len(code) == 0 {
		return nil, errors.New("no bytes")
	}
	return code, nil
}

// digitAt is the value of the hexadecimal digit at i, or -1.
func digitAt(s string, i int) int {
	if i >= len(s) {
		return -1
	}
	switch c := s[i]; {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return int(c|0x20-'a') + 10
	}
	return -1
}

// charAt is the character that begins at i.
func charAt(s string, i int) string {
	for _, r := range s[i:] {
		return string(r)
	}
	return ""
}
