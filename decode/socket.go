package decode

import (
	"bytes"
	"encoding/binary"
	"net/netip"

	"warder/abi"
)

// socketForms are sockets.
func socketForms() map[string]*form {
	return map[string]*form{
		"accept":            {args: [6]*shape{1: peer, 2: socklen}, result: resultFD},
		"accept4":           {args: [6]*shape{1: peer, 2: socklen}, result: resultFD},
		"getpeername":       {args: [6]*shape{1: peer, 2: socklen}},
		"getsockname":       {args: [6]*shape{1: peer, 2: socklen}},
		"getsockopt":        {args: [6]*shape{2: sockOption, 3: {doc: "number or bytes", leave: optvalOut}, 4: socklen}},
		"recvfrom":          {args: [6]*shape{1: received, 4: peer, 5: socklen}},
		"recvmmsg":          {args: [6]*shape{1: messagesOut, 4: {doc: "struct timespec", enter: kinds[abi.Timespec].enter}}, result: messagesLeft},
		"recvmmsg_time64":   {args: [6]*shape{1: messagesOut, 4: {doc: "struct timespec", enter: kinds[abi.Timespec].enter}}, result: messagesLeft},
		"recvmsg":           {args: [6]*shape{1: messageOut}},
		"sendmmsg":          {args: [6]*shape{1: messagesIn}},
		"sendmsg":           {args: [6]*shape{1: messageIn}},
		"setsockopt":        {args: [6]*shape{2: sockOption, 3: {doc: "number or bytes", enter: optvalIn}}},
		"socket":            {args: [6]*shape{2: protocol}, result: resultFD},
		"socketpair":        {args: [6]*shape{2: protocol, 3: descriptorsOut}},
		"sendto":            {args: [6]*shape{1: sent}},
		"mq_open":           {args: [6]*shape{3: in("struct mq_attr", mqAttr)}, shown: openShown, result: resultFD},
		"mq_getsetattr":     {args: [6]*shape{1: in("struct mq_attr", mqAttr), 2: out("struct mq_attr", mqAttr)}},
		"mq_notify":         {args: [6]*shape{1: in("struct sigevent", sigevent)}},
		"mq_timedreceive":   {args: [6]*shape{3: out("number", uintAt)}},
		"userfaultfd":       {args: [6]*shape{0: set(abi.UserfaultfdFlags)}, result: resultFD},
		"memfd_create":      {result: resultFD},
		"memfd_secret":      {result: resultFD},
		"pidfd_open":        {result: resultFD},
		"pidfd_getfd":       {result: resultFD},
		"fanotify_init":     {result: resultFD},
		"perf_event_open":   {result: resultFD},
		"open_tree":         {result: resultFD},
		"fsopen":            {result: resultFD},
		"fsmount":           {result: resultFD},
		"fspick":            {result: resultFD},
		"open_tree_attr":    {result: resultFD},
		"process_madvise":   {args: [6]*shape{1: remoteIovec}},
		"process_vm_readv":  {args: [6]*shape{3: remoteIovec}},
		"process_vm_writev": {args: [6]*shape{3: remoteIovec}},
	}
}

// Address families whose protocols or addresses are decoded.
const (
	afUnspec  = 0
	afUnix    = 1
	afInet    = 2
	afInet6   = 10
	afNetlink = 16
	afPacket  = 17
)

// maxSockaddr is sizeof(struct sockaddr_storage); the kernel refuses more.
const maxSockaddr = 128

var protocol = &shape{doc: "names", enter: func(d *decoder, i int) {
	v := d.value(i)
	switch d.unsigned(0) {
	case afInet, afInet6:
		d.named(abi.SocketProtocols, v)
	case afNetlink:
		d.named(abi.NetlinkProtocols, v)
	case afPacket:
		d.etherType(v>>8&0xff | v&0xff<<8)
	default:
		d.int(int64(v))
	}
}}

// etherType prints a protocol that is kept big-endian.
func (d *decoder) etherType(v uint64) {
	d.lit("htons(")
	d.named(abi.EtherTypes, v)
	d.byte(')')
}

// socklen is the length behind a pointer, which the kernel cuts or raises to
// what it had to say.
var socklen = &shape{
	doc:   "number",
	enter: saveInt,
	leave: func(d *decoder, i int) {
		if !d.kept[i] {
			d.pointer(d.value(i))
			return
		}
		before := int32(d.saved[i])
		d.byte('[')
		d.int(int64(before))
		if p, ok := d.block(d.value(i), 4); ok && !d.failed {
			if after := int32(u32(p, 0)); after != before {
				d.lit(" => ")
				d.int(int64(after))
			}
		}
		d.byte(']')
	},
	failed: true,
}

// peer is an address that the kernel fills, its length in the next argument.
var peer = &shape{doc: "struct sockaddr", leave: func(d *decoder, i int) {
	addr := d.value(i)
	if addr == 0 || !d.kept[i+1] {
		d.pointer(addr)
		return
	}
	room := int32(d.saved[i+1])
	n := room
	if p, ok := d.block(d.value(i+1), 4); ok {
		n = min(n, int32(u32(p, 0)))
	}
	d.sockaddr(addr, uint64(max(n, 0)))
}}

// received is what came, no more than fits.
var received = &shape{doc: "bytes", leave: func(d *decoder, i int) {
	d.filled(i, quote)
}}

var sent = &shape{doc: "bytes", enter: func(d *decoder, i int) {
	d.buffer(d.value(i), d.unsigned(i+1))
}}

// sockaddr prints an address structure of n bytes. Families that are not
// known, and addresses too short for their family, print raw.
func (d *decoder) sockaddr(addr, n uint64) {
	// The length is an int: a negative one is EINVAL.
	if int32(n) < 2 || addr == 0 || d.mem == nil {
		d.pointer(addr)
		return
	}
	p := d.elements(addr, int(min(n, maxSockaddr)), 1)
	if uint64(len(p)) != min(n, maxSockaddr) {
		d.pointer(addr)
		return
	}
	family := u16(p, 0)
	d.lit("{sa_family=")
	d.named(abi.SocketFamilies, family)
	switch {
	case family == afUnix && len(p) > 2:
		d.unixAddress(p[2:min(len(p), 110)])
	case family == afInet && len(p) >= 16:
		d.lit(", sin_port=htons(")
		d.uint(uint64(binary.BigEndian.Uint16(p[2:])))
		d.lit("), sin_addr=")
		d.inet4(p[4:])
	case family == afInet6 && len(p) >= 24:
		d.lit(", sin6_port=htons(")
		d.uint(uint64(binary.BigEndian.Uint16(p[2:])))
		d.lit("), sin6_flowinfo=htonl(")
		d.uint(uint64(binary.BigEndian.Uint32(p[4:])))
		d.lit("), ")
		d.inet6(p[8:], "sin6_addr")
		if len(p) >= 28 {
			d.lit(", sin6_scope_id=")
			d.uint(u32(p, 24))
		}
	case family == afNetlink && len(p) >= 12:
		d.lit(", nl_pid=")
		d.int32(u32(p, 4))
		d.lit(", nl_groups=")
		d.groups(u32(p, 8))
	case family == afPacket && len(p) >= 18:
		d.packetAddress(p)
	case len(p) > 2:
		d.lit(", sa_data=")
		d.out = quote(d.out, p[2:])
	}
	d.byte('}')
}

// inet4 prints an address of four bytes by the call that would make it.
func (d *decoder) inet4(p []byte) {
	d.lit("inet_addr(\"")
	d.out = netip.AddrFrom4([4]byte(p[:4])).AppendTo(d.out)
	d.lit("\")")
}

// inet6 prints one of sixteen bytes.
func (d *decoder) inet6(p []byte, field string) {
	d.lit("inet_pton(AF_INET6, \"")
	d.out = netip.AddrFrom16([16]byte(p[:16])).AppendTo(d.out)
	d.lit("\", &")
	d.lit(field)
	d.byte(')')
}

func (d *decoder) unixAddress(p []byte) {
	d.lit(", sun_path=")
	if p[0] == 0 {
		// The abstract namespace: all bytes count, NULs too.
		d.byte('@')
		d.out = quote(d.out, p[1:])
		return
	}
	if end := bytes.IndexByte(p, 0); end >= 0 {
		p = p[:end]
	}
	d.out = quote(d.out, p)
}

// groups prints netlink's multicast groups, eight digits or 0x and digits.
func (d *decoder) groups(v uint64) {
	if v != 0 {
		d.lit("0x")
	}
	width := 8
	if v != 0 {
		width = 6
		for v>>(4*width) != 0 {
			width++
		}
	}
	for i := width - 1; i >= 0; i-- {
		d.byte(hexDigits[v>>(4*i)&15])
	}
}

// packetAddress prints a struct sockaddr_ll of linux/if_packet.h. Interfaces
// are numbers here: their names would take a call.
func (d *decoder) packetAddress(p []byte) {
	d.lit(", sll_protocol=")
	d.etherType(uint64(binary.BigEndian.Uint16(p[2:])))
	d.lit(", sll_ifindex=")
	d.int32(u32(p, 4))
	d.lit(", sll_hatype=")
	d.named(abi.ArpHardware, u16(p, 8))
	d.lit(", sll_pkttype=")
	d.one([]string{"PACKET_HOST", "PACKET_BROADCAST", "PACKET_MULTICAST", "PACKET_OTHERHOST", "PACKET_OUTGOING", "PACKET_LOOPBACK"}, uint64(p[10]))
	d.lit(", sll_halen=")
	n := int(p[11])
	d.uint(uint64(n))
	if n > 0 {
		d.lit(", sll_addr=[")
		for i, b := range p[12:min(len(p), 12+n)] {
			if i > 0 {
				d.lit(", ")
			}
			d.lit("0x")
			d.out = append(d.out, hexDigits[b>>4], hexDigits[b&15])
		}
		d.byte(']')
	}
}
