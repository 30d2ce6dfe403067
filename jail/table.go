package jail

import (
	"encoding/binary"
	"fmt"

	"golang.org/x/sys/unix"
)

const (
	rowSize  = 64
	maxRows  = 512
	blobBase = dataBase + maxRows*rowSize
	endMark  = ^uint64(0)
)

// table is a list of system calls for a stub to make, with the bytes that
// their pointers point to.
type table struct {
	rows  []byte
	steps []string
	blob  []byte
	start int // the row that rows[0] is written at
	key   uint64
	err   error
	ptrs  []uint64 // scratch
}

// clear makes the table empty, for rows from start on. Its memory is kept: a
// launch that allocates nothing here is a tenth shorter.
func (t *table) clear(start int, key uint64) {
	t.rows, t.steps, t.blob = t.rows[:0], t.steps[:0], t.blob[:0]
	t.start, t.key, t.err = start, key, nil
}

// call appends one row. A step is the name that a failure is reported under.
// None of the calls has a sixth argument; the key there is what a filter knows
// the stub by.
func (t *table) call(step string, nr uintptr, args ...uint64) {
	var row [8]uint64
	row[0], row[6] = uint64(nr), t.key
	copy(row[1:6], args)
	t.append(row)
	t.steps = append(t.steps, step)
}

func (t *table) append(row [8]uint64) {
	if t.start+len(t.rows)/rowSize >= maxRows && t.err == nil {
		t.err = fmt.Errorf("BUG: launch table of more than %d rows", maxRows)
	}
	for _, w := range row {
		t.rows = binary.LittleEndian.AppendUint64(t.rows, w)
	}
}

// end closes the table: the stub traps there.
func (t *table) end() { t.append([8]uint64{endMark}) }

// put places b, aligned to 8 bytes, and returns its address in the stub.
func (t *table) put(b []byte) uint64 {
	addr := t.align()
	t.blob = append(t.blob, b...)
	t.bound()
	return addr
}

// align gives the address of what is placed next.
func (t *table) align() uint64 {
	for len(t.blob)%8 != 0 {
		t.blob = append(t.blob, 0)
	}
	return blobBase + uint64(len(t.blob))
}

func (t *table) bound() {
	if blobBase+len(t.blob) > dataBase+dataSize && t.err == nil {
		t.err = &SetupError{"arguments and environment", unix.E2BIG}
	}
}

// putWords places 64-bit words.
func (t *table) putWords(words ...uint64) uint64 {
	addr := t.align()
	for _, w := range words {
		t.blob = binary.LittleEndian.AppendUint64(t.blob, w)
	}
	t.bound()
	return addr
}

// putStrings places NUL-ended strings and the NULL-ended array of pointers to
// them that execve takes.
func (t *table) putStrings(list []string) uint64 {
	t.ptrs = t.ptrs[:0]
	for _, s := range list {
		t.ptrs = append(t.ptrs, t.align())
		t.blob = append(append(t.blob, s...), 0)
		t.bound()
	}
	t.ptrs = append(t.ptrs, 0)
	return t.putWords(t.ptrs...)
}

// failed finds the first row of a table read back whose call failed.
func (t *table) failed(rows []byte) (*SetupError, bool) {
	for i, step := range t.steps {
		if (i+1)*rowSize > len(rows) {
			break
		}
		r := int64(binary.LittleEndian.Uint64(rows[i*rowSize+56:]))
		if r < 0 && r >= -4095 {
			return &SetupError{step, unix.Errno(-r)}, true
		}
	}
	return nil, false
}
