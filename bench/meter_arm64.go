package bench

import "debug/elf"

// There is no meter for arm64 yet: every figure is missing there.
var meterCode, emptyCode []byte

const (
	meterMachine = elf.EM_AARCH64

	handlerAt, restorerAt, repeatAt = 0, 0, 0
)
