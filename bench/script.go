package bench

import (
	"encoding/binary"
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// ErrNotSupported says that this build has no meter for its architecture.
var ErrNotSupported = errors.New("no meter for this architecture")

// Where the meter's memory is, and what lies in it: the head, the rows of the
// script, the bytes that their pointers point to; far behind, scratch memory
// that is not part of the script.
const (
	meterText = 0x400000
	meterData = 0x500000
	meterSize = 1 << 20

	headCount  = meterData + 8  // how often the walk may go back (again)
	headClock  = meterData + 16 // clock_gettime of the vDSO; 0: by a call
	headTimes  = meterData + 24 // two struct timespec: around the timed loop
	headSelect = meterData + 56 // the selector of syscall user dispatch
	headFailed = meterData + 64 // address of the row that failed
	headLast   = meterData + 72 // what the last call returned
	headSize   = 128

	offCount  = headCount - meterData
	offSelect = headSelect - meterData
	offReport = 80 // the descriptor that a failure is reported on

	scriptRow = 80

	scratch     = meterData + 0x80000
	status      = scratch
	noteRequest = scratch + 0x100
	noteAnswer  = scratch + 0x200
	usage       = scratch + 0x300
	timeBefore  = scratch + 0x400
	timeAfter   = scratch + 0x410
	registers   = scratch + 0x500
	copied      = scratch + 0x1000
)

// Rows that are no call. Their first word is where a call has its number.
const (
	opEnd    = -1 - iota // exit the thread
	opTimed              // the loop that is measured
	opAgain              // go back to a row while the head's count lasts
	opCheck              // fail unless a word of 32 bits is as expected
	opTrap               // int3: stop for the tracer
	opAnswer             // make a notification's answer, and clear its request
	opSpin               // the loop without the clock
)

// Words of a row.
const (
	rowNumber = 0
	rowArgs   = 1
	rowResult = 7 // of a loop: how often
	rowOnZero = 8 // where to go on if the result is 0; 0: with the next row
	rowFlags  = 9 // of a loop: the call's number

	mayFail = 1
)

// script is what a meter does: rows of ten words (a call's number, six
// arguments, result, where to go on if that is 0, flags) and the bytes behind
// them. A row that fails ends the process, with the row and its errno on the
// report's descriptor.
type script struct {
	rows    [][10]uint64
	names   []string
	blob    []byte
	room    int // rows that there is room for
	count   uint64
	report  uint64
	selects byte
	err     error // of what was to be in it
}

// newScript makes a script of at most room rows. Reports go to descriptor 1.
func newScript(room int) *script { return &script{room: room, report: 1} }

// at is the address of row i.
func (s *script) at(i int) uint64 { return meterData + headSize + uint64(i)*scriptRow }

// here is the address of the next row.
func (s *script) here() uint64 { return s.at(len(s.rows)) }

func (s *script) add(name string, number int, args ...uint64) *[10]uint64 {
	var row [10]uint64
	row[rowNumber] = uint64(number)
	copy(row[rowArgs:rowResult], args)
	s.rows, s.names = append(s.rows, row), append(s.names, name)
	return &s.rows[len(s.rows)-1]
}

// call is a system call that must not fail, try one that may.
func (s *script) call(name string, number int, args ...uint64) { s.add(name, number, args...) }

func (s *script) try(name string, number int, args ...uint64) {
	s.add(name, number, args...)[rowFlags] = mayFail
}

// fork is a call that returns twice; the child goes on at row child.
func (s *script) fork(name string, number int, child uint64, args ...uint64) {
	s.add(name, number, args...)[rowOnZero] = child
}

func (s *script) loop(op, count int, c call) {
	row := s.add("the loop", op, c.args[:]...)
	row[rowResult], row[rowFlags] = uint64(count), uint64(c.number)
}

func (s *script) again(row uint64)          { s.add("again", opAgain, row) }
func (s *script) check(at uint64, want int) { s.add("the stop", opCheck, at, uint64(want)) }
func (s *script) trap()                     { s.add("int3", opTrap) }
func (s *script) end()                      { s.add("end", opEnd) }

// tell writes the 16 bytes of a report: no row failed, and what the last call
// returned.
func (s *script) tell() {
	s.call("write", unix.SYS_WRITE, s.report, headFailed, 16)
}

// put places bytes, aligned to 8, and gives their address.
func (s *script) put(b []byte) uint64 {
	for len(s.blob)%8 != 0 {
		s.blob = append(s.blob, 0)
	}
	at := meterData + headSize + uint64(s.room)*scriptRow + uint64(len(s.blob))
	s.blob = append(s.blob, b...)
	return at
}

// words places 64-bit words.
func (s *script) words(list ...uint64) uint64 {
	var b []byte
	for _, w := range list {
		b = binary.LittleEndian.AppendUint64(b, w)
	}
	return s.put(b)
}

// str places a string with its zero.
func (s *script) str(text string) uint64 { return s.put(append([]byte(text), 0)) }

// image is what the meter reads.
func (s *script) image() ([]byte, error) {
	if s.err != nil {
		return nil, s.err
	}
	if len(s.rows) > s.room {
		return nil, fmt.Errorf("BUG: script of %d rows with room for %d", len(s.rows), s.room)
	}
	b := make([]byte, headSize+s.room*scriptRow, headSize+s.room*scriptRow+len(s.blob))
	for i, row := range s.rows {
		for j, w := range row {
			binary.LittleEndian.PutUint64(b[headSize+i*scriptRow+8*j:], w)
		}
	}
	b = append(b, s.blob...)
	if len(b) > scratch-meterData {
		return nil, fmt.Errorf("script of %d bytes: want at most %d", len(b), scratch-meterData)
	}
	binary.LittleEndian.PutUint64(b, uint64(len(b)))
	binary.LittleEndian.PutUint64(b[offCount:], s.count)
	binary.LittleEndian.PutUint64(b[offReport:], s.report)
	b[offSelect] = s.selects
	return b, nil
}

// stepError says which row of a script failed.
type stepError struct {
	step string
	err  error
}

func (e *stepError) Error() string { return e.step + ": " + e.err.Error() }
func (e *stepError) Unwrap() error { return e.err }

// outcome reads a report: what the last call returned, or why a row failed.
func (s *script) outcome(report []byte) (uint64, error) {
	row := binary.LittleEndian.Uint64(report)
	value := binary.LittleEndian.Uint64(report[8:])
	if row == 0 {
		return value, nil
	}
	i := int(row-s.at(0)) / scriptRow
	if row < s.at(0) || i >= len(s.names) {
		return 0, fmt.Errorf("BUG: report of a row at %#x", row)
	}
	if s.names[i] == "the stop" {
		return 0, &stepError{s.names[i], fmt.Errorf("status %#x instead of %#x", uint32(value), s.rows[i][rowArgs+1])}
	}
	return 0, &stepError{s.names[i], unix.Errno(-value)}
}

// call is the system call that a loop makes.
type call struct {
	number uint32
	args   [6]uint64
}
