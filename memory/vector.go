package memory

import "golang.org/x/sys/unix"

// maxRanges is UIO_MAXIOV: as many ranges as one process_vm_readv(2) takes.
const maxRanges = 1024

// ReadV reads ranges one after the other into buf, back to back, 1,024 of them
// a call. Like ReadAt it stops at the first unreadable page: n bytes are
// there and the error names the page. When buf has no room for all of them
// nothing is read and the error is ErrTooLong.
func (s *Space) ReadV(ranges []Range, buf []byte) (n int, err error) {
	total := uint64(0)
	for _, r := range ranges {
		if err := s.check("read", r.Addr, r.Len); err != nil {
			return 0, err
		}
		if r.Len > uint64(len(buf))-total {
			return 0, s.fail("read", r.Addr, ErrTooLong)
		}
		total += r.Len
	}
	buf = buf[:total]
	remote := make([]unix.RemoteIovec, 0, min(len(ranges), maxRanges))
	i, done := 0, uint64(0) // the next byte is ranges[i].Addr + done
	for n < len(buf) {
		for ranges[i].Len == done { // there is a next byte, so i stays in range
			i, done = i+1, 0
		}
		var want int
		remote, want = gather(remote[:0], ranges[i:], done)
		local := [1]unix.Iovec{{Base: &buf[n]}}
		local[0].SetLen(want)
		m, err := unix.ProcessVMReadv(s.tid, local[:], remote, 0)
		if err == unix.EINTR {
			continue
		}
		if err != nil || m == 0 {
			// The next byte cannot be read in this way. The single read has a
			// second way, and knows what to call the failure.
			at := ranges[i].Addr + done
			m, err = s.readSome(at, buf[n:n+int(ranges[i].Len-done)])
			if err != nil {
				return n, s.fail("read", at, err)
			}
		}
		n += m
		for left := uint64(m); left > 0; {
			size := ranges[i].Len - done
			if left < size {
				done += left
				break
			}
			left -= size
			i, done = i+1, 0
		}
	}
	return n, nil
}

// gather makes the kernel's form of ranges, of which the first done bytes are
// read, and counts the bytes.
func gather(remote []unix.RemoteIovec, ranges []Range, done uint64) ([]unix.RemoteIovec, int) {
	want := 0
	for _, r := range ranges {
		if len(remote) == maxRanges {
			break
		}
		size := int(r.Len - done)
		remote = append(remote, unix.RemoteIovec{Base: uintptr(r.Addr + done), Len: size})
		want += size
		done = 0
	}
	return remote, want
}
