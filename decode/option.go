package decode

import "warder/abi"

// Levels of socket options that are decoded.
const (
	solIP      = 0
	solSocket  = 1
	solTCP     = 6
	solUDP     = 17
	solIPv6    = 41
	solPacket  = 263
	solNetlink = 270
)

// Options at SOL_SOCKET whose value is no number.
const (
	soLinger      = 13
	soPeerCred    = 17
	soRcvTimeo    = 20
	soSndTimeo    = 21
	soBindDevice  = 25
	soAttach      = 26
	soPeerSec     = 31
	soRcvTimeoNew = 66
	soSndTimeoNew = 67
)

// Options whose value is a group to be a member of (linux/in.h, in6.h).
const (
	ipAddMembership    = 35
	ipDropMembership   = 36
	ipv6AddMembership  = 20
	ipv6DropMembership = 21
	ipv6JoinAnycast    = 27
	ipv6LeaveAnycast   = 28
)

func membership6(option uint64) bool {
	switch option {
	case ipv6AddMembership, ipv6DropMembership, ipv6JoinAnycast, ipv6LeaveAnycast:
		return true
	}
	return false
}

var sockOption = &shape{doc: "names", enter: func(d *decoder, i int) {
	v := d.unsigned(i)
	switch d.unsigned(1) {
	case solIP:
		d.named(abi.IPOptions, v)
	case solSocket:
		d.named(abi.SockOptions, v)
	case solTCP:
		d.named(abi.TCPOptions, v)
	case solUDP:
		d.named(abi.UDPOptions, v)
	case solIPv6:
		d.named(abi.IPv6Options, v)
	case solPacket:
		d.named(abi.PacketOptions, v)
	case solNetlink:
		d.named(abi.NetlinkOptions, v)
	default:
		d.int(int64(int32(v)))
	}
}}

// optvalIn prints a value that is set: a number if it has a number's size.
func optvalIn(d *decoder, i int) {
	addr, n := d.value(i), d.unsigned(4)
	level, option := d.unsigned(1), d.unsigned(2)
	switch {
	case level == solSocket && option == soLinger && int32(n) >= 8:
		d.linger(addr, 8)
	case level == solIP && (option == ipAddMembership || option == ipDropMembership):
		d.membership(addr, n)
	case level == solIPv6 && membership6(option):
		d.membership6(addr, n)
	case level == solSocket && option == soAttach && int(n) == 2*d.word:
		d.program(addr)
	case int32(n) < 0:
		d.pointer(addr)
	case numeric(level, option):
		if n < 4 {
			d.pointer(addr)
			return
		}
		intAt(d, addr)
	case n == 4:
		intAt(d, addr)
	default:
		d.buffer(addr, n)
	}
}

// numeric says whether an option is an int, whatever longer buffer is given.
func numeric(level, option uint64) bool {
	if level != solSocket {
		return false
	}
	switch option {
	case soLinger, soPeerCred, soRcvTimeo, soSndTimeo, soRcvTimeoNew, soSndTimeoNew, soBindDevice, soAttach, soPeerSec, 28, 51, 55, 59:
		return false
	}
	return option < 60
}

// optvalOut prints a value that was asked for, of the length that came back.
func optvalOut(d *decoder, i int) {
	addr := d.value(i)
	if !d.kept[i+1] {
		d.pointer(addr)
		return
	}
	n := int32(d.saved[i+1])
	if p, ok := d.block(d.value(i+1), 4); ok {
		n = int32(u32(p, 0))
	}
	level, option := d.unsigned(1), d.unsigned(2)
	switch {
	case n <= 0:
		if n == 0 && addr != 0 {
			d.lit("\"\"")
			return
		}
		d.pointer(addr)
	case level == solSocket && option == soLinger:
		d.linger(addr, int(min(n, 8)))
	case level == solSocket && option == soPeerCred:
		d.peerCredentials(addr, n)
	case n == 4:
		intAt(d, addr)
	default:
		d.buffer(addr, uint64(n))
	}
}

func (d *decoder) linger(addr uint64, n int) {
	p, ok := d.block(addr, n)
	if !ok || n < 4 {
		d.pointer(addr)
		return
	}
	d.lit("{l_onoff=")
	d.int32(u32(p, 0))
	if n >= 8 {
		d.lit(", l_linger=")
		d.int32(u32(p, 4))
	}
	d.byte('}')
}

func (d *decoder) peerCredentials(addr uint64, n int32) {
	if n < 12 {
		d.pointer(addr)
		return
	}
	p, ok := d.block(addr, 12)
	if !ok {
		d.pointer(addr)
		return
	}
	d.credentials(p)
}

// credentials prints a struct ucred.
func (d *decoder) credentials(p []byte) {
	d.lit("{pid=")
	d.int32(u32(p, 0))
	d.lit(", uid=")
	d.id(u32(p, 4), 32)
	d.lit(", gid=")
	d.id(u32(p, 8), 32)
	d.byte('}')
}

// mqAttr prints a struct mq_attr of linux/mqueue.h.
func mqAttr(d *decoder, addr uint64) {
	p, ok := d.block(addr, 4*d.word)
	if !ok {
		d.pointer(addr)
		return
	}
	d.lit("{mq_flags=")
	if flags := d.long(p, 0); flags == 0 { // no O_RDONLY is meant here
		d.byte('0')
	} else {
		d.flags(abi.OpenBits, flags)
	}
	for i, name := range [...]string{", mq_maxmsg=", ", mq_msgsize=", ", mq_curmsgs="} {
		d.lit(name)
		d.int(d.slong(p, i+1))
	}
	d.byte('}')
}

// membership prints a struct ip_mreq: of a longer ip_mreqn strace, too, shows
// no more.
func (d *decoder) membership(addr, n uint64) {
	p, ok := d.block(addr, 8)
	if !ok || n < 8 {
		d.pointer(addr)
		return
	}
	d.lit("{imr_multiaddr=")
	d.inet4(p)
	d.lit(", imr_interface=")
	d.inet4(p[4:])
	d.byte('}')
}

// membership6 prints a struct ipv6_mreq.
func (d *decoder) membership6(addr, n uint64) {
	p, ok := d.block(addr, 20)
	if !ok || n < 20 {
		d.pointer(addr)
		return
	}
	d.byte('{')
	d.inet6(p, "ipv6mr_multiaddr")
	d.lit(", ipv6mr_interface=")
	d.int32(u32(p, 16))
	d.byte('}')
}
