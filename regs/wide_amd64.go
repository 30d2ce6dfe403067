package regs

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Places in the legacy area (SDM volume 1, 10.5.1), bytes.
const (
	atFCW       = 0
	atFSW       = 2
	atFTW       = 4 // one bit a register: 0 is empty
	atFOP       = 6
	atFIP       = 8
	atFDP       = 16
	atMXCSR     = 24
	atMXCSRMask = 28
	atST        = 32 // st0 first, 16 bytes each
	atXMM       = 160
)

const (
	initFCW     = 0x37f
	initMXCSR   = 0x1f80
	defaultMask = 0xffbf // of mxcsr where the CPU leaves its mask 0
)

// piece is a run of bytes of a component.
type piece struct {
	comp      int
	off, size int // off from the component's beginning
}

// kind says how a register's bytes are found.
type kind uint8

const (
	plain   kind = iota // the pieces, one after the other
	tagWord             // two bits a register, of the kernel's one
	mmx                 // the significand of the st register that the top of stack makes it
	control             // mxcsr: belongs to SSE and AVX together
)

// wide is a register of the extended state, or a part of one.
type wide struct {
	kind   kind
	index  int
	pieces [3]piece
	n      int // of pieces
	bits   int
	skip   int // whole bytes below it that a lane leaves out
	full   int // bytes of the register that it is a lane of; 0: it is none
	shape  Info
}

func (r *wide) info(name string) Info {
	i := r.shape
	i.Name, i.Set, i.Bits = name, "vector", r.bits
	if r.kind == control {
		i.natural = func(v Value) string { return flagList(mxcsrFlags, v.Uint64()) }
	}
	return i
}

// mxcsrFlags are mxcsr's bits as gdb names them.
var mxcsrFlags = []flag{
	{"ie", 0},
	{"de", 1},
	{"ze", 2},
	{"oe", 3},
	{"ue", 4},
	{"pe", 5},
	{"daz", 6},
	{"im", 7},
	{"dm", 8},
	{"zm", 9},
	{"om", 10},
	{"um", 11},
	{"pm", 12},
	{"fz", 15},
}

// ErrAbsent is the cause when a register exists on the architecture, but not
// on this CPU.
var ErrAbsent = errors.New("this processor does not have it")

// findWide finds what a name stands for in a layout.
func findWide(name string, l Layout) (wide, error) {
	base, view, lane := strings.Cut(name, ".")
	r, err := findFull(base, l)
	if err != nil || !lane {
		return r, err
	}
	if r.shape.Float || r.bits < 64 || r.kind == tagWord || r.bits == 64 && r.kind != mmx {
		return r, ErrUnknown // not a vector
	}
	r.full = r.bits / 8
	shape, first, ok := r.info(base).lanes(view)
	if !ok {
		return r, fmt.Errorf("%w: %s has no lanes %.40q", ErrUnknown, base, view)
	}
	r.shape, r.bits, r.skip = shape, shape.Bits, first/8
	return r, nil
}

// x87 are the registers that are not numbered; of fop eleven bits exist.
var x87 = map[string]wide{
	"fctrl": {pieces: [3]piece{{CompX87, atFCW, 2}}, n: 1, bits: 16},
	"fstat": {pieces: [3]piece{{CompX87, atFSW, 2}}, n: 1, bits: 16},
	"ftag":  {kind: tagWord, bits: 16},
	"ftw":   {pieces: [3]piece{{CompX87, atFTW, 1}}, n: 1, bits: 8},
	"fiseg": {pieces: [3]piece{{CompX87, atFIP + 4, 2}}, n: 1, bits: 16},
	"fioff": {pieces: [3]piece{{CompX87, atFIP, 4}}, n: 1, bits: 32},
	"foseg": {pieces: [3]piece{{CompX87, atFDP + 4, 2}}, n: 1, bits: 16},
	"fooff": {pieces: [3]piece{{CompX87, atFDP, 4}}, n: 1, bits: 32},
	"fop":   {pieces: [3]piece{{CompX87, atFOP, 2}}, n: 1, bits: 11},
	"fip":   {pieces: [3]piece{{CompX87, atFIP, 8}}, n: 1, bits: 64},
	"fdp":   {pieces: [3]piece{{CompX87, atFDP, 8}}, n: 1, bits: 64},
	"mxcsr": {kind: control, pieces: [3]piece{{CompSSE, atMXCSR, 4}}, n: 1, bits: 32},
	"pkru":  {pieces: [3]piece{{CompPKRU, 0, 4}}, n: 1, bits: 32},
}

func findFull(name string, l Layout) (wide, error) {
	if r, ok := x87[name]; ok {
		return r, r.there(l)
	}
	digits := strings.TrimLeft(name, "abcdefghijklmnopqrstuvwxyz")
	stem := name[:len(name)-len(digits)]
	i, err := strconv.Atoi(digits)
	if err != nil || i < 0 || strconv.Itoa(i) != digits {
		return wide{}, ErrUnknown
	}
	most := map[string]int{"st": 8, "mm": 8, "k": 8, "xmm": 32, "ymm": 32, "zmm": 32}[stem]
	if i >= most {
		return wide{}, ErrUnknown
	}
	r := wide{index: i}
	switch stem {
	case "st":
		r.add(CompX87, atST+16*i, 10)
		r.shape.Float = true
	case "mm":
		r.kind, r.bits = mmx, 64
	case "k":
		r.add(CompOpmask, 8*i, 8)
	default:
		size := map[string]int{"xmm": 16, "ymm": 32, "zmm": 64}[stem]
		if i >= 16 {
			r.add(CompHiZMM, 64*(i-16), size)
			break
		}
		r.add(CompSSE, atXMM+16*i, 16)
		if size >= 32 {
			r.add(CompAVX, 16*i, 16)
		}
		if size == 64 {
			r.add(CompZMMHi, 32*i, 32)
		}
	}
	return r, r.there(l)
}

func (r *wide) add(comp, off, size int) {
	r.pieces[r.n] = piece{comp, off, size}
	r.n++
	r.bits += 8 * size
}

// there is nil where the layout has the register.
func (r *wide) there(l Layout) error {
	for _, p := range r.pieces[:r.n] {
		if p.comp > CompSSE && !l.has(1<<p.comp) {
			return ErrAbsent
		}
	}
	return nil
}

// namesOf gives the names of Names that exist with a layout.
func namesOf(l Layout) []string {
	names := []string{
		"st0", "st1", "st2", "st3", "st4", "st5", "st6", "st7",
		"fctrl", "fstat", "ftag", "fiseg", "fioff", "foseg", "fooff", "fop",
	}
	stem, n := "xmm", 16
	if l.has(1 << CompAVX) {
		stem = "ymm"
	}
	if l.has(1<<CompAVX | 1<<CompZMMHi | 1<<CompHiZMM) {
		stem, n = "zmm", 32
	}
	for i := range n {
		names = append(names, stem+strconv.Itoa(i))
	}
	names = append(names, "mxcsr")
	if l.has(1 << CompOpmask) {
		for i := range 8 {
			names = append(names, "k"+strconv.Itoa(i))
		}
	}
	if l.has(1 << CompPKRU) {
		names = append(names, "pkru")
	}
	return names
}

// partsOf gives the other names that exist with a layout, lanes apart.
func partsOf(l Layout) []string {
	parts := []string{"ftw", "fip", "fdp"}
	for _, group := range []struct {
		stem string
		n    int
	}{{"mm", 8}, {"xmm", 32}, {"ymm", 32}} {
		for i := range group.n {
			name := group.stem + strconv.Itoa(i)
			if _, err := findFull(name, l); err == nil {
				parts = append(parts, name)
			}
		}
	}
	full := map[string]bool{}
	for _, name := range namesOf(l) {
		full[name] = true
	}
	kept := parts[:0]
	for _, name := range parts {
		if !full[name] {
			kept = append(kept, name)
		}
	}
	return kept
}

func (x *XState) get(r *wide) Value {
	var v Value
	switch r.kind {
	case tagWord:
		return Uint(uint64(x.tags()))[:2]
	case mmx:
		v = x.piece(piece{CompX87, x.mmx(r.index), 8})
	case control:
		v = Uint(uint64(x.mxcsr()))[:4]
	case plain:
		for _, p := range r.pieces[:r.n] {
			v = append(v, x.piece(p)...)
		}
	}
	if r.full > 0 {
		v = v[r.skip : r.skip+r.bits/8]
	}
	if spare := len(v)*8 - r.bits; spare > 0 {
		v[len(v)-1] &= 0xff >> spare // fop
	}
	return v
}

// set stores v, which has the register's width.
func (x *XState) set(r *wide, v Value) error {
	if r.full > 0 { // of a lane the rest stays
		whole := *r
		whole.full, whole.skip, whole.bits = 0, 0, r.full*8
		all := x.get(&whole)
		copy(all[r.skip:], v)
		r, v = &whole, all
	}
	switch r.kind {
	case tagWord:
		x.setTags(uint16(v.Uint64()))
	case mmx:
		x.use(CompX87)
		copy(x.raw[x.mmx(r.index):], v)
	case control:
		if reserved := uint32(v.Uint64()) &^ x.mxcsrMask(); reserved != 0 {
			return fmt.Errorf("%w: this CPU reserves the bits %#x", ErrRange, reserved)
		}
		x.use(CompSSE)
		copy(x.raw[atMXCSR:], v)
	case plain:
		for _, p := range r.pieces[:r.n] {
			x.use(p.comp)
			copy(x.raw[x.base(p.comp)+p.off:], v[:p.size])
			v = v[p.size:]
		}
	}
	return nil
}

// base is where a component begins in the image. It is there: findWide asked.
func (x *XState) base(comp int) int {
	c, _ := x.layout.Component(comp)
	return c.Offset
}

// piece gives the bytes of a piece, initial ones where its component is not
// in use.
func (x *XState) piece(p piece) Value {
	v := make(Value, p.size)
	if x.used()>>p.comp&1 != 0 {
		copy(v, x.raw[x.base(p.comp)+p.off:])
	} else if p.comp == CompX87 && p.off == atFCW {
		binary.LittleEndian.PutUint16(v, initFCW)
	}
	return v
}

// use takes a component out of its initial state, with initial values.
func (x *XState) use(comp int) {
	used := x.used()
	if used>>comp&1 != 0 {
		return
	}
	const vectors = 1<<CompSSE | 1<<CompAVX
	if 1<<comp&vectors != 0 && used&vectors == 0 {
		binary.LittleEndian.PutUint32(x.raw[atMXCSR:], initMXCSR)
	}
	switch comp {
	case CompX87:
		clear(x.raw[:atMXCSR])
		clear(x.raw[atST:atXMM])
		binary.LittleEndian.PutUint16(x.raw[atFCW:], initFCW)
	case CompSSE:
		clear(x.raw[atXMM : atXMM+16*16])
	default:
		c, _ := x.layout.Component(comp)
		clear(x.raw[c.Offset:c.End()])
	}
	x.setUsed(used | 1<<comp)
}

// mxcsr is kept for SSE and AVX together: the kernel saves it where either is
// in use (__copy_xstate_to_uabi_buf, arch/x86/kernel/fpu/xstate.c).
func (x *XState) mxcsr() uint32 {
	if x.used()&(1<<CompSSE|1<<CompAVX) == 0 {
		return initMXCSR
	}
	return binary.LittleEndian.Uint32(x.raw[atMXCSR:])
}

// mxcsrMask is the bits of mxcsr that this CPU has.
func (x *XState) mxcsrMask() uint32 {
	if m := binary.LittleEndian.Uint32(x.raw[atMXCSRMask:]); m != 0 {
		return m
	}
	return defaultMask
}

// top is the physical number of st0.
func (x *XState) top() int {
	return int(x.piece(piece{CompX87, atFSW, 2}).Uint64()) >> 11 & 7
}

// mmx is where physical register i lies: the image is in the order of the
// stack.
func (x *XState) mmx(i int) int { return atST + 16*((i-x.top())&7) }

// tags gives the tag word as FSTENV makes it: by physical register 0 for a
// valid number, 1 for zero, 2 for anything special, 3 for empty.
func (x *XState) tags() uint16 {
	full := x.piece(piece{CompX87, atFTW, 1})[0]
	var word uint16
	for i := range 8 {
		tag := uint16(3)
		if full>>i&1 != 0 {
			v := x.piece(piece{CompX87, x.mmx(i), 10})
			exponent := binary.LittleEndian.Uint16(v[8:]) & special
			switch significand := v.Uint64(); {
			case exponent == 0 && significand == 0:
				tag = 1
			case exponent == 0, exponent == special, significand&integer1 == 0:
				tag = 2
			default:
				tag = 0
			}
		}
		word |= tag << (2 * i)
	}
	return word
}

// setTags takes from a tag word what the CPU keeps: which are empty. The rest
// follows from the registers' values.
func (x *XState) setTags(word uint16) {
	x.use(CompX87)
	var full byte
	for i := range 8 {
		if word>>(2*i)&3 != 3 {
			full |= 1 << i
		}
	}
	x.raw[atFTW] = full
}
