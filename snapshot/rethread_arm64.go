package snapshot

import (
	"golang.org/x/sys/unix"

	"warder/regs"
)

// trap is code that must not be run: udf #0.
var trap = []byte{0x00, 0x00, 0x00, 0x00}

// setVector is not there yet: sessions need a stub, which arm64 has not.
func setVector(*Thread, *Host, int) error { return unix.EOPNOTSUPP }

func restarted(*regs.Regs, *Restart) {}
