package decode

import "warder/abi"

// Futex commands, without FUTEX_PRIVATE_FLAG and FUTEX_CLOCK_REALTIME
// (linux/futex.h).
const (
	futexWait          = 0
	futexWake          = 1
	futexRequeue       = 3
	futexCmpRequeue    = 4
	futexWakeOp        = 5
	futexLockPI        = 6
	futexUnlockPI      = 7
	futexTrylockPI     = 8
	futexWaitBitset    = 9
	futexWakeBitset    = 10
	futexWaitRequeuePI = 11
	futexCmpRequeuePI  = 12
	futexLockPI2       = 13
	futexCommand       = 0x7f
)

// What each command reads.
var (
	noValue   = []uint8{0, 1, 3}
	noAddress = []uint8{0, 1, 2, 3, 5}
	noTime    = []uint8{0, 1, 2, 5}
)

func futexShown(d *decoder) []uint8 {
	switch d.unsigned(1) & futexCommand {
	case futexWait:
		return first(4)
	case futexWake:
		return first(3)
	case futexRequeue, futexWaitRequeuePI:
		return first(5)
	case futexLockPI, futexLockPI2:
		return noValue
	case futexUnlockPI, futexTrylockPI:
		return first(2)
	case futexWaitBitset:
		return noAddress
	case futexWakeBitset:
		return noTime
	}
	return first(6)
}

var (
	futexValue = number
	futexAddr  = &shape{enter: func(d *decoder, i int) {
		if d.unsigned(1)&futexCommand > futexLockPI2 {
			d.hex(d.value(i))
			return
		}
		d.pointer(d.value(i))
	}}
	futexTime = &shape{doc: "struct timespec or number", enter: func(d *decoder, i int) {
		v := d.value(i)
		switch d.unsigned(1) & futexCommand {
		case futexWait, futexLockPI, futexLockPI2, futexWaitBitset, futexWaitRequeuePI:
			d.timespecAt(v, nanoseconds)
		case futexRequeue, futexCmpRequeue, futexWakeOp, futexCmpRequeuePI:
			d.uint32(v) // val2, an int in the pointer's place
		default:
			d.hex(v)
		}
	}}
	futexLast = &shape{doc: "number or names", enter: func(d *decoder, i int) {
		v := d.value(i)
		switch d.unsigned(1) & futexCommand {
		case futexWakeOp:
			d.futexOperation(v)
			return
		case futexCmpRequeue, futexCmpRequeuePI:
			d.uint(v)
			return
		case futexWaitBitset, futexWakeBitset:
			if uint32(v) == 1<<32-1 {
				d.lit("FUTEX_BITSET_MATCH_ANY")
				return
			}
		}
		d.hex(v)
	}}
)

// futexOperation prints FUTEX_WAKE_OP's encoded operation and comparison.
func (d *decoder) futexOperation(v uint64) {
	if v>>28&8 != 0 {
		d.lit("FUTEX_OP_OPARG_SHIFT<<28|")
	}
	d.one([]string{"FUTEX_OP_SET", "FUTEX_OP_ADD", "FUTEX_OP_OR", "FUTEX_OP_ANDN", "FUTEX_OP_XOR"}, v>>28&7)
	d.lit("<<28|")
	d.hex(v >> 12 & 0xfff)
	d.lit("<<12|")
	d.one([]string{"FUTEX_OP_CMP_EQ", "FUTEX_OP_CMP_NE", "FUTEX_OP_CMP_LT", "FUTEX_OP_CMP_LE", "FUTEX_OP_CMP_GT", "FUTEX_OP_CMP_GE"}, v>>24&15)
	d.lit("<<24|")
	d.hex(v & 0xfff)
}

// archArg is arch_prctl's: an address to be set, or where one is to be put.
var archArg = &shape{doc: "by code: pointer, names", pick: func(d *decoder, _ int) *shape {
	switch d.unsigned(0) {
	case 0x1003, 0x1004: // ARCH_GET_FS, ARCH_GET_GS
		return archBase
	case 0x1021, 0x1022, 0x1024: // ARCH_GET_XCOMP_SUPP, _PERM, _GUEST_PERM
		return archFeatures
	case 0x1023, 0x1025: // ARCH_REQ_XCOMP_PERM, _GUEST_PERM
		return archFeature
	case 0x1012: // ARCH_SET_CPUID
		return cint
	}
	return hexadecimal
}}

var (
	archBase     = out("pointer", pointerAt)
	archFeatures = out("names", func(d *decoder, addr uint64) {
		d.bracket(addr, 8, func(p []byte) {
			v := u64(p, 0)
			d.hex(v)
			if v != 0 {
				d.lit(" /* ")
				d.flags(abi.XFeatures, v)
				d.lit(" */")
			}
		})
	})
	archFeature = &shape{doc: "number", enter: func(d *decoder, i int) {
		v := d.value(i)
		list := [...]string{17: "XFEATURE_XTILECFG", 18: "XFEATURE_XTILEDATA"}
		d.one(list[:], v)
	}}
)

const archGetCPUID = 0x1011

func archShown(d *decoder) []uint8 {
	if d.unsigned(0) == archGetCPUID {
		return first(1)
	}
	return first(2)
}

func archResult(d *decoder) { d.int(int64(d.result)) }
