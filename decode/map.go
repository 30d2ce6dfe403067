package decode

import "warder/abi"

// memoryForms are calls on the address space, and shared memory.
func memoryForms() map[string]*form {
	return map[string]*form{
		"brk":     {result: resultHex},
		"mincore": {args: [6]*shape{2: {doc: "pages", leave: mincore}}},
		"mmap":    {args: [6]*shape{3: mapFlags, 5: hexadecimal}, result: resultHex},
		"mmap2":   {args: [6]*shape{3: mapFlags, 5: hexadecimal}, result: resultHex},
		"mremap":  {shown: mremapShown, result: resultHex},
		"shmat":   {result: resultHex},
		"shmget":  {args: [6]*shape{0: ipcKey}},
		"semget":  {args: [6]*shape{0: ipcKey}},
		"msgget":  {args: [6]*shape{0: ipcKey}},
		"semop":   {args: [6]*shape{1: semops}},
		"shmctl":  {args: [6]*shape{2: ipcBuffer}},
		"msgctl":  {args: [6]*shape{2: ipcBuffer}},
		"semctl":  {args: [6]*shape{3: ipcBuffer}},
		"msgsnd":  {args: [6]*shape{1: {doc: "struct msgbuf", enter: func(d *decoder, i int) { d.queued(d.value(i), d.value(i+1)) }}}},
		"msgrcv":  {args: [6]*shape{1: {doc: "struct msgbuf", leave: func(d *decoder, i int) { d.queued(d.value(i), d.value(i+1)) }}}},
		"get_mempolicy": {args: [6]*shape{0: out("names", func(d *decoder, addr uint64) {
			d.bracket(addr, 4, func(p []byte) { d.named(abi.MempolicyModes, u32(p, 0)) })
		}), 1: {doc: "node mask", leave: func(d *decoder, i int) { d.nodes(d.value(i), d.value(2)) }}}},
		"set_mempolicy":     {args: [6]*shape{1: {doc: "node mask", enter: func(d *decoder, i int) { d.nodes(d.value(i), d.value(2)) }}}},
		"mbind":             {args: [6]*shape{3: {doc: "node mask", enter: func(d *decoder, i int) { d.nodes(d.value(i), d.value(4)) }}}},
		"semtimedop":        {args: [6]*shape{1: semops}},
		"semtimedop_time64": {args: [6]*shape{1: semops}},
	}
}

const mremapFixed = 2 | 4 // MREMAP_FIXED, MREMAP_DONTUNMAP

func mremapShown(d *decoder) []uint8 {
	if d.unsigned(3)&mremapFixed == 0 {
		return first(4)
	}
	return first(5)
}

// mincore prints a byte for each page, of which the last bit tells whether it
// is in memory.
func mincore(d *decoder, i int) {
	pages := (d.value(1) + pageSize - 1) / pageSize
	d.list(d.value(i), pages, 1, func(p []byte) { d.uint(uint64(p[0] & 1)) })
}

var (
	ipcKey = &shape{doc: "number", enter: func(d *decoder, i int) {
		if v := d.value(i); v != 0 {
			d.hex(uint64(uint32(v)))
			return
		}
		d.lit("IPC_PRIVATE")
	}}
	semops = &shape{doc: "struct sembuf[]", enter: func(d *decoder, i int) {
		d.list(d.value(i), d.unsigned(2), 6, func(p []byte) {
			d.lit("{sem_num=")
			d.uint(u16(p, 0))
			d.lit(", sem_op=")
			d.int(int64(int16(u16(p, 2))))
			d.lit(", sem_flg=")
			d.named(abi.SemopFlags, u16(p, 4))
			d.byte('}')
		})
	}}
	// The structures of the control calls are addresses here.
	ipcBuffer = &shape{enter: func(d *decoder, i int) { d.pointer(d.value(i)) }}
)

// queued prints a message of a queue: its type and n bytes.
func (d *decoder) queued(addr, n uint64) {
	p, ok := d.block(addr, d.word)
	if !ok {
		d.pointer(addr)
		return
	}
	d.lit("{mtype=")
	d.int(d.slong(p, 0))
	d.lit(", mtext=")
	d.buffer(addr+uint64(d.word), n)
	d.byte('}')
}

// nodes prints a mask of n memory nodes, in words of the program's size.
func (d *decoder) nodes(addr, n uint64) {
	const most = 1024
	long := uint64(8 * d.word)
	switch {
	case addr != 0 && n == 0:
		d.lit("[]")
		return
	case addr == 0 || n == 1 || n > most*8:
		d.pointer(addr)
		return
	}
	// The kernel takes the number of nodes to be one less.
	words := (n - 1 + long - 1) / long
	d.list(addr, words, d.word, func(p []byte) {
		v, digits := d.long(p, 0), 2*d.word
		if v != 0 { // as C's %#016lx
			d.lit("0x")
			digits -= 2
		}
		for i := digits - 1; i >= 0; i-- {
			d.byte(hexDigits[v>>(4*i)&15])
		}
	})
}

// mapFlags prints the size of huge pages, a logarithm in the upper six bits,
// behind the flags.
var mapFlags = &shape{doc: "names", enter: func(d *decoder, i int) {
	const hugeTLB, shift, field = 0x40000, 26, 0x3f
	v := d.unsigned(i)
	size := v >> shift & field
	if v&hugeTLB == 0 || size == 0 {
		d.named(abi.MapFlags, v)
		return
	}
	d.flags(abi.MapFlags, v&^(field<<shift))
	d.byte('|')
	d.uint(size)
	d.lit("<<MAP_HUGE_SHIFT")
}}
