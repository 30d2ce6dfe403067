package decode

import "warder/abi"

var (
	messageIn  = &shape{doc: "struct msghdr", enter: func(d *decoder, i int) { d.messageAt(d.value(i), sending, 0) }}
	messageOut = &shape{
		doc: "struct msghdr",
		enter: func(d *decoder, i int) {
			if m, ok := d.message(d.value(i)); ok {
				d.save(i, m.nameLength)
			}
			d.pointer(d.value(i))
		},
		leave: func(d *decoder, i int) {
			if d.failed {
				if !d.kept[i] {
					d.pointer(d.value(i))
					return
				}
				d.lit("{msg_namelen=")
				d.int32(d.saved[i])
				d.byte('}')
				return
			}
			d.messageAt(d.value(i), receiving, d.result)
		},
		failed: true,
	}
	// The lengths sent are in the structures after the call; what was sent is
	// known before.
	messagesIn = &shape{doc: "struct mmsghdr[]", leave: func(d *decoder, i int) {
		count := d.unsigned(i + 1)
		if !d.failed {
			count = d.result
		}
		d.messages(d.value(i), count, sending)
	}, failed: true}
	messagesOut = &shape{doc: "struct mmsghdr[]", leave: func(d *decoder, i int) {
		if d.failed {
			d.pointer(d.value(i))
			return
		}
		d.messages(d.value(i), d.result, receiving)
	}, failed: true}
	remoteIovec = &shape{doc: "struct iovec[]", enter: func(d *decoder, i int) { d.iovecAddresses(d.value(i), d.unsigned(i+1)) }}
)

type direction uint8

const (
	sending direction = iota
	receiving
)

// messagesLeft adds what is left of the timeout.
func messagesLeft(d *decoder) {
	if d.result == 0 {
		d.lit("0 (Timeout)")
		return
	}
	d.aside(func() {
		if d.value(4) != 0 {
			d.lit("left ")
			d.timespecAt(d.value(4), nanoseconds)
		}
	})
}

// message is a struct msghdr.
type message struct {
	name, nameLength, iov, count, control, controlLength, flags uint64
}

// headerSize is that of a struct msghdr.
func (d *decoder) headerSize() int { return 7 * d.word }

func (d *decoder) message(addr uint64) (message, bool) {
	p, ok := d.block(addr, d.headerSize())
	if !ok {
		return message{}, false
	}
	return d.parseMessage(p), true
}

func (d *decoder) parseMessage(p []byte) message {
	return message{d.long(p, 0), u32(p, d.word), d.long(p, 2), d.long(p, 3), d.long(p, 4), d.long(p, 5), u32(p, 6*d.word)}
}

func (d *decoder) messageAt(addr uint64, way direction, filled uint64) {
	m, ok := d.message(addr)
	if !ok {
		d.pointer(addr)
		return
	}
	was, known := m.nameLength, false
	if way == receiving && d.kept[1] {
		was, known = d.saved[1], true
	}
	d.printMessage(m, way, filled, was, known)
}

func (d *decoder) printMessage(m message, way direction, filled, was uint64, known bool) {
	d.lit("{msg_name=")
	length := m.nameLength
	if known && int32(was) < int32(length) {
		length = was
	}
	d.sockaddr(m.name, length)
	d.lit(", msg_namelen=")
	if known && was != m.nameLength {
		d.int32(was)
		d.lit(" => ")
	}
	d.int32(m.nameLength)
	d.lit(", msg_iov=")
	if way == sending {
		d.iovec(m.iov, m.count)
	} else {
		d.iovecOut(m.iov, m.count, filled)
	}
	d.lit(", msg_iovlen=")
	d.uint(m.count)
	if m.controlLength != 0 {
		d.lit(", msg_control=")
		d.control(m.control, m.controlLength)
	}
	d.lit(", msg_controllen=")
	d.uint(m.controlLength)
	d.lit(", msg_flags=")
	d.flags(abi.MsgFlags, m.flags)
	d.byte('}')
}

// messages prints headers with lengths behind them.
func (d *decoder) messages(addr, count uint64, way direction) {
	size := d.headerSize() + d.word
	d.list(addr, count, size, func(p []byte) {
		m, n := d.parseMessage(p), u32(p, d.headerSize())
		filled := n
		d.lit("{msg_hdr=")
		d.printMessage(m, way, filled, 0, false)
		if !d.failed {
			d.lit(", msg_len=")
			d.uint(n)
		}
		d.byte('}')
	})
}

// iovec prints an array of buffers with contents that the kernel reads.
func (d *decoder) iovec(addr, count uint64) { d.vector(addr, count, d.buffer) }

// iovecOut prints an array of buffers of which the kernel has filled some
// bytes, the first ones first.
func (d *decoder) iovecOut(addr, count, filled uint64) {
	d.vector(addr, count, func(base, n uint64) {
		n = min(n, filled)
		filled -= n
		if n == 0 {
			d.lit(`""`)
			return
		}
		d.buffer(base, n)
	})
}

func (d *decoder) iovecAddresses(addr, count uint64) {
	d.vector(addr, count, func(base, _ uint64) { d.pointer(base) })
}

func (d *decoder) vector(addr, count uint64, contents func(base, n uint64)) {
	d.list(addr, count, 2*d.word, func(p []byte) {
		base, n := d.long(p, 0), d.long(p, 1)
		d.lit("{iov_base=")
		contents(base, n)
		d.lit(", iov_len=")
		d.uint(n)
		d.byte('}')
	})
}

// maxControl is as much ancillary data as is read; the kernel takes more
// (sysctl net.core.optmem_max), and no program sends it.
const maxControl = 1 << 13

// control prints ancillary data: headers with lengths, each in whole words.
func (d *decoder) control(addr, length uint64) {
	head := d.word + 8
	p := d.elements(addr, int(min(length, maxControl)), 1)
	if addr == 0 || uint64(len(p)) != min(length, maxControl) || len(p) < head {
		d.pointer(addr)
		return
	}
	d.byte('[')
	for n := 0; len(p) >= head; n++ {
		if n > 0 {
			d.lit(", ")
		}
		if n == d.items() {
			d.lit("...")
			break
		}
		size := d.long(p, 0)
		level, kind := u32(p, d.word), u32(p, d.word+4)
		d.lit("{cmsg_len=")
		d.uint(size)
		d.lit(", cmsg_level=")
		d.named(abi.SockLevels, level)
		d.lit(", cmsg_type=")
		d.controlType(level, kind)
		body := uint64(0)
		if size > uint64(head) {
			body = min(size, uint64(len(p))) - uint64(head)
		}
		if body > 0 {
			d.lit(", cmsg_data=")
			d.controlData(level, kind, p[head:head+int(body)])
		}
		d.byte('}')
		if size < uint64(head) {
			break
		}
		next := (size + uint64(d.word) - 1) / uint64(d.word) * uint64(d.word)
		if next >= uint64(len(p)) {
			break
		}
		p = p[next:]
	}
	d.byte(']')
}

// Kinds of ancillary data at SOL_SOCKET (linux/socket.h).
const scmRights, scmCredentials = 1, 2

func (d *decoder) controlType(level, kind uint64) {
	switch {
	case level == solSocket:
		d.named(abi.ControlTypes, kind)
	case level == solIP:
		d.named(abi.IPOptions, kind)
	case level == solIPv6:
		d.named(abi.IPv6Options, kind)
	default:
		d.hex(kind)
	}
}

func (d *decoder) controlData(level, kind uint64, p []byte) {
	const timestamp, timestampNS = 29, 35 // SO_TIMESTAMP_OLD, SO_TIMESTAMPNS_OLD
	switch {
	case level == solSocket && kind == scmRights && len(p) >= 4:
		d.byte('[')
		for i := range min(len(p)/4, d.items()) {
			if i > 0 {
				d.lit(", ")
			}
			d.descriptor(int32(u32(p, 4*i)))
		}
		if len(p)/4 > d.items() {
			d.lit(", ...")
		}
		d.byte(']')
	case level == solSocket && kind == scmCredentials && len(p) >= 12:
		d.credentials(p)
	case level == solSocket && kind == timestamp && len(p) >= 2*d.word:
		d.time(p, d.word, microseconds)
	case level == solSocket && kind == timestampNS && len(p) >= 2*d.word:
		d.time(p, d.word, nanoseconds)
	default:
		d.out = quote(d.out, p[:min(len(p), d.max)])
		if len(p) > d.max {
			d.lit("...")
		}
	}
}
