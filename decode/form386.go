package decode

// i386Forms are calls whose structures are other ones there: the first
// stat's, arguments in memory, and 64-bit numbers in two registers, which
// strace prints as one.
func i386Forms() map[string]*form {
	return map[string]*form{
		"stat":            {args: [6]*shape{1: oldStatOut}},
		"lstat":           {args: [6]*shape{1: oldStatOut}},
		"fstat":           {args: [6]*shape{1: oldStatOut}},
		"statfs64":        {args: [6]*shape{2: out("struct statfs64", statfs64)}},
		"fstatfs64":       {args: [6]*shape{2: out("struct statfs64", statfs64)}},
		"mmap":            {result: resultHex},
		"select":          {},
		"pread64":         {args: [6]*shape{3: joined(3, 4)}, shown: without(4)},
		"pwrite64":        {args: [6]*shape{3: joined(3, 4)}, shown: without(4)},
		"_llseek":         {args: [6]*shape{1: joined(2, 1), 3: out("offset", int64At)}, shown: without(2)},
		"truncate64":      {args: [6]*shape{1: joined(1, 2)}, shown: without(2)},
		"ftruncate64":     {args: [6]*shape{1: joined(1, 2)}, shown: without(2)},
		"readahead":       {args: [6]*shape{1: joined(1, 2)}, shown: without(2)},
		"fallocate":       {args: [6]*shape{2: joined(2, 3), 4: joined(4, 5)}, shown: without(3, 5)},
		"fadvise64":       {args: [6]*shape{1: joined(1, 2)}, shown: without(2)},
		"fadvise64_64":    {args: [6]*shape{1: joined(1, 2), 3: joined(3, 4)}, shown: without(2, 4)},
		"sync_file_range": {args: [6]*shape{1: joined(1, 2), 3: joined(3, 4)}, shown: without(2, 4)},
	}
}

var oldStatOut = out("struct stat", oldStat)

// joined is a 64-bit number in two registers.
func joined(low, high int) *shape {
	return &shape{doc: "number", enter: func(d *decoder, _ int) { d.int(int64(d.value(high)<<32 | d.value(low)&(1<<32-1))) }}
}

// without leaves out registers.
func without(hidden ...uint8) func(d *decoder) []uint8 {
	return func(d *decoder) []uint8 {
		kept := d.order[:0]
		for i := range uint8(len(d.plan.sig.Args)) {
			if i != hidden[0] && i != hidden[len(hidden)-1] {
				kept = append(kept, i)
			}
		}
		return kept
	}
}
