package decode

import (
	"strconv"

	"warder/abi"
)

// What is here stands in for branch h-decode and goes when that is merged.

func (c *Call) Enter(arch abi.Arch, nr uint32, args [6]uint64, mem Memory, opt Options) {
	*c = Decode(arch, nr, args, mem, opt)
	c.Result = "?"
}

func (c *Call) Return(value uint64, failed bool, mem Memory, opt Options) {
	if failed {
		c.Errno = abi.ErrnoName(uint32(value))
		c.Result = "-1 " + c.Errno + " (" + abi.ErrnoText(uint32(value)) + ")"
		if value >= 512 {
			c.Result = "? " + c.Result[3:]
		}
		return
	}
	c.Errno = ""
	if c.Name == "read" && mem != nil {
		b := make([]byte, value)
		if _, err := mem.ReadAt(b, int64(c.Args[1].Raw)); err == nil {
			c.Args[1].Text = strconv.Quote(string(b))
		}
	}
	c.Result = strconv.Itoa(int(value))
}

func (c *Call) Pending() int {
	if c.Name == "read" {
		return 1
	}
	return len(c.Args)
}

func (c *Call) AppendEntered(b []byte) []byte {
	b = append(append(b, c.Name...), '(')
	for i := 0; i < c.Pending(); i++ {
		b = append(b, c.Args[i].Text...)
		if i+1 < len(c.Args) {
			b = append(b, ", "...)
		}
	}
	return b
}

func (c *Call) AppendRest(b []byte) []byte {
	for i := c.Pending(); i < len(c.Args); i++ {
		b = append(b, c.Args[i].Text...)
		if i+1 < len(c.Args) {
			b = append(b, ", "...)
		}
	}
	return append(b, ')')
}

func Signal(sig int, info []byte) string { return "{si_signo=" + abi.SignalName(sig) + "}" }
