package decode

import "warder/abi"

// systemForms are calls on the machine as a whole, and on the caller's walls.
func systemForms() map[string]*form {
	return map[string]*form{
		"sysinfo": {args: [6]*shape{0: out("struct sysinfo", sysinfo)}},
		"uname":   {args: [6]*shape{0: out("struct utsname", utsname)}},
		"umask":   {result: func(d *decoder) { d.mode(d.result) }},
		"mount":   {args: [6]*shape{3: mountFlags, 4: {doc: "string", enter: func(d *decoder, i int) { d.str(d.value(i)) }}}},
		"reboot": {shown: func(d *decoder) []uint8 {
			const restart2 = 0xa1b2c3d4 // the only command with a string
			if d.unsigned(2) != restart2 {
				return first(3)
			}
			return first(4)
		}},
		"syslog":                  {args: [6]*shape{0: syslogType}, shown: syslogShown},
		"sysfs":                   {args: [6]*shape{0: hexadecimal}},
		"set_mempolicy_home_node": {args: [6]*shape{2: number}},
		"seccomp":                 {args: [6]*shape{0: seccompOp, 1: seccompFlags, 2: seccompArg}, result: seccompResult},
		"landlock_create_ruleset": {args: [6]*shape{0: {doc: "struct landlock_ruleset_attr", enter: ruleset}}, result: resultFD},
		"landlock_add_rule":       {args: [6]*shape{2: {doc: "struct of the rule's type", enter: landlockRule}}},
		"ptrace":                  {args: [6]*shape{2: {enter: func(d *decoder, i int) { d.pointer(d.value(i)) }}, 3: ptraceData}, shown: ptraceShown},
		"keyctl":                  {args: [6]*shape{1: keyArg, 2: keyArg, 3: keyArg, 4: keyArg}, shown: keyShown},
		"add_key":                 {args: [6]*shape{4: keySerial}},
		"request_key":             {args: [6]*shape{3: keySerial}},
		"prctl":                   {args: [6]*shape{1: prctlArg, 2: prctlArg, 3: prctlArg, 4: prctlArg}, shown: prctlShown, result: prctlResult},
		"sethostname":             {args: [6]*shape{0: hostName, 1: cuint}},
		"setdomainname":           {args: [6]*shape{0: hostName, 1: cuint}},
		"kcmp":                    {args: [6]*shape{3: kcmpIndex, 4: kcmpIndex}, shown: kcmpShown},
		"fsconfig":                {args: [6]*shape{3: fsconfigValue}},
		"mount_setattr":           {args: [6]*shape{3: {doc: "struct mount_attr", enter: mountAttr}}},
		"rt_sigreturn":            {extra: sigreturnMask},
		"restart_syscall":         {extra: interruptedCall},
	}
}

// mountFlags prints the magic number that mount took before Linux 2.4.
var mountFlags = &shape{doc: "names", enter: func(d *decoder, i int) {
	const magic = 0xc0ed
	v := d.unsigned(i)
	if v>>16&0xffff != magic {
		d.named(abi.MountFlags, v)
		return
	}
	d.lit("MS_MGC_VAL")
	if rest := v &^ (magic << 16); rest != 0 {
		d.byte('|')
		d.flags(abi.MountFlags, rest)
	}
}}

var keySerial = &shape{doc: "number", enter: func(d *decoder, i int) {
	names := [...]string{
		1: "KEY_SPEC_THREAD_KEYRING", 2: "KEY_SPEC_PROCESS_KEYRING", 3: "KEY_SPEC_SESSION_KEYRING", 4: "KEY_SPEC_USER_KEYRING",
		5: "KEY_SPEC_USER_SESSION_KEYRING", 6: "KEY_SPEC_GROUP_KEYRING", 7: "KEY_SPEC_REQKEY_AUTH_KEY", 8: "KEY_SPEC_REQUESTOR_KEYRING",
	}
	v := int32(d.value(i))
	if v < 0 && int(-v) < len(names) {
		d.lit(names[-v])
		return
	}
	d.int(int64(v))
}}

// sysinfo prints the structure of sysinfo(2), in words of the program's size.
func sysinfo(d *decoder, addr uint64) {
	p, ok := d.block(addr, 13*d.word+8)
	if !ok {
		d.pointer(addr)
		return
	}
	d.lit("{uptime=")
	d.int(d.slong(p, 0))
	d.lit(", loads=[")
	for i := range 3 {
		if i > 0 {
			d.lit(", ")
		}
		d.uint(d.long(p, 1+i))
	}
	d.byte(']')
	for i, name := range [...]string{", totalram=", ", freeram=", ", sharedram=", ", bufferram=", ", totalswap=", ", freeswap="} {
		d.lit(name)
		d.uint(d.long(p, 4+i))
	}
	d.lit(", procs=")
	d.uint(u16(p, 10*d.word))
	d.lit(", totalhigh=")
	d.uint(d.long(p, 11))
	d.lit(", freehigh=")
	d.uint(d.long(p, 12))
	d.lit(", mem_unit=")
	d.uint(u32(p, 13*d.word))
	d.byte('}')
}

// utsname prints the first two of six fields of 65 bytes.
func utsname(d *decoder, addr uint64) {
	p, ok := d.block(addr, 130)
	if !ok {
		d.pointer(addr)
		return
	}
	d.lit("{sysname=")
	d.text(p[:65])
	d.lit(", nodename=")
	d.text(p[65:])
	d.lit(", ...}")
}

var syslogType = &shape{doc: "names", enter: func(d *decoder, i int) {
	v := d.value(i)
	d.int(int64(v))
	d.lit(" /* ")
	if name := abi.SyslogTypes.Format(v); name[0] == 'S' {
		d.lit(name)
	} else {
		d.lit("SYSLOG_ACTION_???")
	}
	d.lit(" */")
}}

func syslogShown(d *decoder) []uint8 {
	switch d.value(0) {
	case 0, 1, 5, 6, 7, 9, 10: // those that read no buffer
		return first(1)
	}
	return first(3)
}

// Operations of seccomp(2).
const (
	seccompStrict    = 0
	seccompFilter    = 1
	seccompAvailable = 2
	seccompSizes     = 3
)

var (
	seccompFlags = &shape{doc: "names", enter: func(d *decoder, i int) {
		if d.unsigned(0) == seccompFilter {
			d.named(abi.SeccompFlags, d.unsigned(i))
			return
		}
		d.hex(d.value(i))
	}}
	seccompArg = &shape{doc: "by operation: struct sock_fprog, struct seccomp_notif_sizes, names", pick: func(d *decoder, _ int) *shape {
		switch d.unsigned(0) {
		case seccompFilter:
			return programIn
		case seccompAvailable:
			return actionIn
		case seccompSizes:
			return sizesOut
		case seccompStrict:
			return address
		}
		return address
	}}
	// An operation without a name gets the comment of the first two.
	seccompOp = &shape{doc: "names", enter: func(d *decoder, i int) {
		if v := d.unsigned(i); v > seccompSizes {
			d.hex(v)
			d.lit(" /* SECCOMP_SET_MODE_??? */")
			return
		}
		d.named(d.plan.sig.Args[i].Flags, d.unsigned(i))
	}}
	programIn = in("struct sock_fprog", (*decoder).program)
	actionIn  = in("names", func(d *decoder, addr uint64) {
		d.bracket(addr, 4, func(p []byte) { d.named(abi.SeccompActions, u32(p, 0)) })
	})
	sizesOut = out("struct seccomp_notif_sizes", func(d *decoder, addr uint64) {
		p, ok := d.block(addr, 6)
		if !ok {
			d.pointer(addr)
			return
		}
		for i, name := range [...]string{"{seccomp_notif=", ", seccomp_notif_resp=", ", seccomp_data="} {
			d.lit(name)
			d.uint(u16(p, 2*i))
		}
		d.byte('}')
	})
)

// A filter with a listener returns its descriptor.
func seccompResult(d *decoder) {
	const newListener = 8
	if d.unsigned(0) == seccompFilter && d.unsigned(1)&newListener != 0 {
		resultFD(d)
		return
	}
	d.int(int64(d.result))
}

// program prints a struct sock_fprog: the number of instructions and where
// they are.
func (d *decoder) program(addr uint64) {
	p, ok := d.block(addr, 2*d.word)
	if !ok {
		d.pointer(addr)
		return
	}
	n, at := u16(p, 0), d.long(p, 1)
	d.lit("{len=")
	d.uint(n)
	d.lit(", filter=")
	d.pointer(at)
	d.byte('}')
}

func ruleset(d *decoder, i int) {
	addr, size := d.value(i), d.value(1)
	if addr == 0 || size < 8 {
		d.pointer(addr)
		return
	}
	p, ok := d.block(addr, int(min(size, 24)))
	if !ok {
		d.pointer(addr)
		return
	}
	d.lit("{handled_access_fs=")
	d.named(abi.LandlockAccess, u64(p, 0))
	if len(p) >= 16 {
		d.lit(", handled_access_net=")
		d.named(abi.LandlockNet, u64(p, 8))
	}
	if len(p) >= 24 {
		d.lit(", scoped=")
		d.named(abi.LandlockScopes, u64(p, 16))
	}
	d.byte('}')
}

func landlockRule(d *decoder, i int) {
	const beneath, port = 1, 2
	addr := d.value(i)
	switch d.unsigned(1) {
	case beneath:
		if p, ok := d.block(addr, 12); ok {
			access, fd := u64(p, 0), int32(u32(p, 8))
			d.lit("{allowed_access=")
			d.named(abi.LandlockAccess, access)
			d.lit(", parent_fd=")
			d.directory(fd)
			d.byte('}')
			return
		}
	case port:
		if p, ok := d.block(addr, 16); ok {
			d.lit("{allowed_access=")
			d.named(abi.LandlockNet, u64(p, 0))
			d.lit(", port=")
			d.uint(u64(p, 8))
			d.byte('}')
			return
		}
	}
	d.pointer(addr)
}

func ptraceShown(d *decoder) []uint8 {
	switch d.unsigned(0) {
	case 0: // PTRACE_TRACEME
		return first(1)
	case 8, 16, 0x4207: // PTRACE_KILL, PTRACE_ATTACH, PTRACE_INTERRUPT
		return first(2)
	}
	return first(4)
}

var ptraceData = &shape{doc: "names, signal or address", enter: func(d *decoder, i int) {
	v := d.value(i)
	switch d.unsigned(0) {
	case 0x4200, 0x4206: // PTRACE_SETOPTIONS, PTRACE_SEIZE
		d.named(abi.PtraceOptions, v)
	case 7, 9, 17, 24, 0x4208: // PTRACE_CONT and the like: the signal to deliver
		d.signal(v)
	default:
		d.pointer(v)
	}
}}
