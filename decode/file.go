package decode

import (
	"strconv"
	"time"

	"warder/abi"
)

// fileForms are calls on open files.
func fileForms() map[string]*form {
	return map[string]*form{
		"close_range":   {args: [6]*shape{0: number, 1: number}},
		"dup":           {result: resultFD},
		"dup2":          {result: resultFD},
		"dup3":          {args: [6]*shape{2: set(abi.OpenBits)}, result: resultFD},
		"epoll_create":  {result: resultFD},
		"epoll_create1": {result: resultFD},
		"eventfd":       {result: resultFD},
		"eventfd2":      {result: resultFD},
		"fcntl":         {late: true, args: [6]*shape{2: fcntlArg}, shown: fcntlShown, result: fcntlResult},
		"fcntl64":       {late: true, args: [6]*shape{2: fcntlArg}, shown: fcntlShown, result: fcntlResult},
		"fgetxattr":     {args: [6]*shape{2: xattrOut}},
		"flistxattr":    {args: [6]*shape{1: xattrList}},
		"fstat":         {args: [6]*shape{1: statOut}},
		"fstat64":       {args: [6]*shape{1: statOut}},
		"fstatfs":       {args: [6]*shape{1: statfsOut}},
		"getdents":      {args: [6]*shape{1: {doc: "count of struct linux_dirent", leave: directory(16)}}},
		"getdents64":    {args: [6]*shape{1: {doc: "count of struct linux_dirent64", leave: directory(16)}}},
		"getrandom":     {args: [6]*shape{0: {doc: "bytes", leave: func(d *decoder, i int) { d.filled(i, quoteHex) }}}},
		"inotify_init":  {result: resultFD},
		"inotify_init1": {result: resultFD},
		"io_setup":      {args: [6]*shape{1: out("pointer", pointerAt)}},
		"ioctl":         {late: true, args: [6]*shape{2: ioctlArg}, shown: ioctlShown, result: ioctlResult},
		"io_uring_setup": {
			args:   [6]*shape{1: out("struct io_uring_params", ringParams)},
			result: resultFD,
		},
		"open_by_handle_at": {args: [6]*shape{1: in("struct file_handle", fileHandle)}, result: resultFD},
		"pipe":              {args: [6]*shape{0: descriptorsOut}},
		"pipe2":             {args: [6]*shape{0: descriptorsOut, 1: set(abi.OpenBits)}},
		"preadv":            {shown: vectorAt},
		"preadv2":           {shown: vectorAt2},
		"pwritev":           {shown: vectorAt},
		"pwritev2":          {shown: vectorAt2},
		"sendfile":          {args: [6]*shape{2: offsetInOut}},
		"sendfile64":        {args: [6]*shape{2: offsetInOut}},
		"splice":            {args: [6]*shape{1: offsetIn, 3: offsetIn}},
		"copy_file_range":   {args: [6]*shape{1: offsetIn, 3: offsetIn}},
	}
}

// pathForms are calls that take a file name.
func pathForms() map[string]*form {
	return map[string]*form{
		"creat":      {result: resultFD},
		"fstatat64":  {args: [6]*shape{2: statOut}},
		"futimesat":  {args: [6]*shape{2: in("struct timeval[2]", fileTimevals)}},
		"getcwd":     {args: [6]*shape{0: {doc: "file name", leave: func(d *decoder, i int) { d.file(d.value(i)) }}}},
		"getxattr":   {args: [6]*shape{2: xattrOut}},
		"lgetxattr":  {args: [6]*shape{2: xattrOut}},
		"listxattr":  {args: [6]*shape{1: xattrList}},
		"llistxattr": {args: [6]*shape{1: xattrList}},
		"lstat":      {args: [6]*shape{1: statOut}},
		"lstat64":    {args: [6]*shape{1: statOut}},
		"mknod":      {args: [6]*shape{1: node}, shown: nodeShown},
		"mknodat":    {args: [6]*shape{2: node}, shown: nodeShown},
		"name_to_handle_at": {args: [6]*shape{
			2: {doc: "struct file_handle", enter: saveInt, leave: handleOut, failed: true},
			3: out("number", intAt),
		}},
		"newfstatat": {args: [6]*shape{2: statOut}},
		"open":       {shown: openShown, result: resultFD},
		"openat":     {shown: openShown, result: resultFD},
		"openat2":    {args: [6]*shape{2: {doc: "struct open_how", enter: openHow}}, result: resultFD},
		"stat":       {args: [6]*shape{1: statOut}},
		"stat64":     {args: [6]*shape{1: statOut}},
		"statfs":     {args: [6]*shape{1: statfsOut}},
		"statx":      {args: [6]*shape{2: {doc: "names", enter: statxFlags}, 4: out("struct statx", statx)}},
		"utime":      {args: [6]*shape{1: in("struct utimbuf", utimbuf)}},
		"utimensat":  {args: [6]*shape{2: in("struct timespec[2]", fileTimespecs)}},
		"utimes":     {args: [6]*shape{1: in("struct timeval[2]", fileTimevals)}},
	}
}

var (
	statOut   = out("struct stat", stat)
	statfsOut = out("struct statfs", statfs)
	// A size of 0 asks for the length, and nothing is written.
	xattrList = &shape{doc: "bytes", leave: func(d *decoder, i int) {
		if room := d.unsigned(i + 1); room == 0 || d.result > room {
			d.pointer(d.value(i))
			return
		}
		d.bytes(d.value(i), d.result, quote)
	}}
	xattrOut = &shape{doc: "bytes", leave: func(d *decoder, i int) {
		d.bytes(d.value(i), d.result, quote)
	}}
	descriptorsOut = out("descriptors", func(d *decoder, addr uint64) {
		p, ok := d.block(addr, 8)
		if !ok {
			d.pointer(addr)
			return
		}
		a, b := int32(u32(p, 0)), int32(u32(p, 4))
		d.byte('[')
		d.descriptor(a)
		d.lit(", ")
		d.descriptor(b)
		d.byte(']')
	})
	node     = &shape{doc: "mode", enter: func(d *decoder, i int) { d.nodeMode(d.value(i)) }}
	offsetIn = in("offset", int64At)
	// An offset that the kernel moves: as it was, and as it is if it changed.
	offsetInOut = &shape{
		doc: "offset",
		enter: func(d *decoder, i int) {
			if p, ok := d.block(d.value(i), 8); ok {
				d.save(i, u64(p, 0))
			}
			d.pointer(d.value(i))
		},
		leave: func(d *decoder, i int) {
			if !d.kept[i] {
				d.pointer(d.value(i))
				return
			}
			d.byte('[')
			d.int(int64(d.saved[i]))
			d.byte(']')
			if d.failed {
				return
			}
			if p, ok := d.block(d.value(i), 8); ok && d.result != 0 {
				d.lit(" => [")
				d.int(int64(u64(p, 0)))
				d.byte(']')
			}
		},
		failed: true,
	}
)

// Bits of open's flags that make it read a mode; x86 and ARM agree on them.
const (
	oCreat   = 0o100
	oTmpfile = 0o20000000 // __O_TMPFILE, without O_DIRECTORY
)

// openShown leaves out the arguments that an open does not read.
func openShown(d *decoder) []uint8 {
	args := d.plan.sig.Args
	for i := range args {
		if args[i].Name == "flags" || args[i].Name == "oflag" {
			if d.unsigned(i)&(oCreat|oTmpfile) == 0 {
				return first(i + 1)
			}
		}
	}
	return first(len(args))
}

// nodeShown leaves out the device of a node that has none.
func nodeShown(d *decoder) []uint8 {
	n := len(d.plan.sig.Args)
	if hasDevice(d.unsigned(n - 2)) {
		return first(n)
	}
	return first(n - 1)
}

// On 64-bit machines the offset of a vector is whole in the first of its two
// registers, and the second is not read.
func vectorAt(d *decoder) []uint8 {
	if d.word == 8 {
		return first(4)
	}
	return first(5)
}

var flagsLast = []uint8{0, 1, 2, 3, 5}

func vectorAt2(d *decoder) []uint8 {
	if d.word == 8 {
		return flagsLast
	}
	return first(6)
}

// directory counts the entries in the bytes that a getdents returned. Both
// structures have their length in the two bytes after two words; an i386
// program's older one has shorter words.
func directory(at int) printer {
	return func(d *decoder, i int) {
		addr := d.value(i)
		d.pointer(addr)
		at := at
		if d.word == 4 && d.plan.name == "getdents" {
			at = 8
		}
		p := d.elements(addr, int(min(d.result, maxDirectory)), 1)
		if uint64(len(p)) != d.result {
			return
		}
		count := 0
		for len(p) >= at+2 {
			n := int(u16(p, at))
			if n < at+2 || n > len(p) {
				break
			}
			p, count = p[n:], count+1
		}
		d.lit(" /* ")
		d.int(int64(count))
		if count == 1 {
			d.lit(" entry */")
			return
		}
		d.lit(" entries */")
	}
}

func openHow(d *decoder, i int) {
	addr := d.value(i)
	if d.value(i+1) < 24 {
		d.pointer(addr)
		return
	}
	p, ok := d.block(addr, 24)
	if !ok {
		d.pointer(addr)
		return
	}
	flags, perm := u64(p, 0), u64(p, 8)
	resolve := u64(p, 16)
	d.lit("{flags=")
	d.open(flags)
	if flags&(oCreat|oTmpfile) != 0 || perm != 0 {
		d.lit(", mode=")
		d.mode(perm)
	}
	d.lit(", resolve=")
	d.named(abi.ResolveFlags, resolve)
	d.byte('}')
}

// date prints a time beside its number, as strace does; a time of zero is
// taken for none.
func (d *decoder) date(sec int64, sub uint64, digits int) {
	if sec == 0 && sub == 0 || sec > 1<<40 || sec < -1<<40 {
		return
	}
	scale := map[int]uint64{0: 0, 6: 1000, 9: 1}[digits]
	d.lit(" /* ")
	d.stamp(sec, sub*scale, digits)
	d.lit(" */")
}

// stamp prints a date and a time in the zone of the options.
func (d *decoder) stamp(sec int64, ns uint64, digits int) {
	t := time.Unix(sec, int64(ns)).In(d.zone)
	d.out = t.AppendFormat(d.out, "2006-01-02T15:04:05")
	if digits > 0 && ns != 0 {
		text := strconv.FormatUint(1000000000+ns, 10)
		d.byte('.')
		d.lit(text[1 : 1+digits])
	}
	d.out = t.AppendFormat(d.out, "-0700")
}

// The two values of a nanosecond field that are no time (linux/stat.h).
const (
	utimeNow  = 1<<30 - 1
	utimeOmit = 1<<30 - 2
)

func fileTimespecs(d *decoder, addr uint64) { d.fileTimes(addr, nanoseconds) }
func fileTimevals(d *decoder, addr uint64)  { d.fileTimes(addr, microseconds) }

func (d *decoder) fileTimes(addr uint64, f fraction) {
	n := d.wide()
	p, ok := d.block(addr, 4*n)
	if !ok {
		d.pointer(addr)
		return
	}
	for i := range 2 {
		d.lit([...]string{"[", ", "}[i])
		p := p[2*i*n:]
		sec, sub := field(p, 0, n), uint64(field(p, 1, n))
		switch {
		case f == nanoseconds && sub == utimeNow:
			d.lit("UTIME_NOW")
		case f == nanoseconds && sub == utimeOmit:
			d.lit("UTIME_OMIT")
		default:
			d.time(p, n, f)
			switch {
			case f == nanoseconds && sub < 1000000000:
				d.date(sec, sub, 9)
			case f == microseconds && sub < 1000000:
				d.date(sec, sub, 6)
			}
		}
	}
	d.byte(']')
}

func utimbuf(d *decoder, addr uint64) {
	p, ok := d.block(addr, 2*d.word)
	if !ok {
		d.pointer(addr)
		return
	}
	access, modify := d.slong(p, 0), d.slong(p, 1)
	d.lit("{actime=")
	d.int(access)
	d.date(access, 0, 0)
	d.lit(", modtime=")
	d.int(modify)
	d.date(modify, 0, 0)
	d.byte('}')
}
