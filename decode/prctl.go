package decode

import "warder/abi"

// prctl options (linux/prctl.h) that are printed in their own way.
const (
	prSetPDeathSig   = 1
	prGetPDeathSig   = 2
	prGetDumpable    = 3
	prSetDumpable    = 4
	prSetKeepCaps    = 8
	prSetName        = 15
	prGetName        = 16
	prSetSeccomp     = 22
	prCapBSetRead    = 23
	prCapBSetDrop    = 24
	prGetTSC         = 25
	prSetTSC         = 26
	prGetSecureBits  = 27
	prSetSecureBits  = 28
	prSetTimerSlack  = 29
	prMCEKillGet     = 34
	prSetMM          = 35
	prSetSubreaper   = 36
	prGetSubreaper   = 37
	prNoNewPrivs     = 38
	prGetTID         = 40
	prSetTHP         = 41
	prCapAmbient     = 47
	prGetSpeculation = 52
	prSetSpeculation = 53
	prSetVMA         = 0x53564d41
	prSetPtracer     = 0x59616d61
)

// prctlShown says how many arguments are printed, the option included, where
// it is not all five.
func prctlShown(d *decoder) []uint8 {
	switch d.unsigned(0) {
	case 3, 7, 14, 21, prGetSecureBits, 30, 31, 32: // those that only ask or switch and read nothing
		return first(1)
	case prSetSeccomp, prSetSpeculation + 1000:
		return first(3)
	case prSetSpeculation:
		return first(3)
	case prSetPDeathSig, prGetPDeathSig, prSetDumpable, 5, 6, prSetKeepCaps, 9, 10, 11, 12, 13, prSetName, prGetName, 19, 20,
		prCapBSetRead, prCapBSetDrop, prGetTSC, prSetTSC, prSetSecureBits, prSetTimerSlack, prSetSubreaper, prGetSubreaper, prGetTID,
		prGetSpeculation, prSetPtracer:
		return first(2)
	}
	return first(5)
}

var prctlArg = &shape{doc: "by option: strings, numbers and names", pick: func(d *decoder, i int) *shape {
	switch option := d.unsigned(0); {
	case i == 1:
		return prctlSecond(option)
	case i == 2 && option == prSetSeccomp && d.value(1) == 2: // SECCOMP_MODE_FILTER
		return programIn
	case i == 2 && option == prCapAmbient:
		const clearAll = 4 // PR_CAP_AMBIENT_CLEAR_ALL, which reads none
		if d.value(1) == clearAll {
			return hexadecimal
		}
		return capabilityName
	case i == 2 && option == prSetSpeculation:
		return speculationHow
	case option == prSetVMA && d.value(1) != 0: // no other operation is known
		return hexadecimal
	case i == 3 && option == prSetVMA:
		return decimal
	case i == 4 && option == prSetVMA:
		return stringIn
	}
	return hexadecimal
}}

func prctlSecond(option uint64) *shape {
	switch option {
	case prSetName:
		return nameIn
	case prGetName:
		return nameOut
	case prGetPDeathSig:
		return deathOut
	case prGetTSC:
		return tscOut
	case 5, 9, 11, 19, prGetSubreaper:
		return intOut
	case prGetTID:
		return archBase
	case prSetPDeathSig:
		return kinds[abi.Signal]
	case prSetDumpable:
		return dumpable
	case prSetSeccomp:
		return seccompMode
	case prCapBSetRead, prCapBSetDrop:
		return capabilityName
	case prSetTSC:
		return tscMode
	case prCapAmbient:
		return ambient
	case prSetVMA:
		return vmaName
	case prSetSecureBits:
		return secureBits
	case prGetSpeculation, prSetSpeculation:
		return speculation
	case prSetPtracer:
		return ptracer
	case prSetMM:
		return memoryMap
	case prSetKeepCaps, prSetTimerSlack, prSetSubreaper, prNoNewPrivs, prSetTHP:
		return unsignedNumber
	}
	return hexadecimal
}

var (
	unsignedNumber = &shape{doc: "number", enter: func(d *decoder, i int) { d.uint(d.value(i)) }}
	nameOut        = out("string", (*decoder).str)
	deathOut       = out("signal", func(d *decoder, addr uint64) {
		d.bracket(addr, 4, func(p []byte) { d.signal(uint64(int64(int32(u32(p, 0))))) })
	})
	tscOut = out("names", func(d *decoder, addr uint64) {
		d.bracket(addr, 4, func(p []byte) { d.named(abi.TSCModes, u32(p, 0)) })
	})
	dumpable       = &shape{doc: "names", enter: func(d *decoder, i int) { d.one(dumpModes, d.value(i)) }}
	seccompMode    = set(abi.SeccompModes)
	capabilityName = set(abi.Capabilities)
	tscMode        = set(abi.TSCModes)
	ambient        = set(abi.AmbientOps)
	secureBits     = set(abi.SecureBits)
	memoryMap      = set(abi.MemoryMapFields)
	vmaName        = names("PR_SET_VMA_ANON_NAME")
	speculation    = names("PR_SPEC_STORE_BYPASS", "PR_SPEC_INDIRECT_BRANCH", "PR_SPEC_L1D_FLUSH")
	speculationHow = set(abi.Speculation)
	ptracer        = &shape{doc: "number", enter: func(d *decoder, i int) {
		if d.value(i) == ^uint64(0) {
			d.lit("PR_SET_PTRACER_ANY")
			return
		}
		d.int(int64(int32(d.value(i))))
	}}
)

var dumpModes = []string{"SUID_DUMP_DISABLE", "SUID_DUMP_USER", "SUID_DUMP_ROOT"}

func prctlResult(d *decoder) {
	switch d.unsigned(0) {
	case prGetDumpable:
		d.aside(func() { d.one(dumpModes, d.result) })
	case prMCEKillGet:
		d.aside(func() { d.one([]string{"PR_MCE_KILL_LATE", "PR_MCE_KILL_EARLY", "PR_MCE_KILL_DEFAULT"}, d.result) })
	case prGetSecureBits:
		if d.result == 0 {
			d.byte('0')
			return
		}
		d.hex(d.result)
		d.note(func() { d.flags(abi.SecureBits, d.result) })
	case prGetSpeculation:
		d.hex(d.result)
		d.note(func() { d.flags(abi.Speculation, d.result) })
	default:
		d.int(int64(d.result))
	}
}

// nameIn prints a thread's new name. The kernel takes 15 bytes; strace reads no
// more, and does not see whether that was all.
var nameIn = &shape{doc: "string", enter: func(d *decoder, i int) {
	const most = 15
	s, ended, ok := d.cstring(d.value(i), min(d.max, most))
	if !ok {
		d.pointer(d.value(i))
		return
	}
	d.out = quote(d.out, s)
	if !ended || len(s) == most {
		d.lit("...")
	}
}}
