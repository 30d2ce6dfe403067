package decode

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"strconv"

	"warder/abi"
)

// maxSockaddr is sizeof(struct sockaddr_storage); the kernel refuses more.
const maxSockaddr = 128

// sockaddr prints an address structure of n bytes. Families other than IPv4,
// IPv6 and Unix, and addresses too short for their family, print raw.
func (d *decoder) sockaddr(addr, n uint64) string {
	// The length is an int: a negative one is EINVAL.
	if int32(n) < 2 {
		return pointer(addr)
	}
	p, ok := d.block(addr, int(min(n, maxSockaddr)))
	if !ok {
		return pointer(addr)
	}
	family := binary.LittleEndian.Uint16(p)
	head := "{sa_family=" + named(abi.SocketFamilies, uint64(family))
	switch {
	case family == afInet && len(p) >= 16:
		return head + ", sin_port=htons(" + port(p) + "), sin_addr=inet_addr(\"" + netip.AddrFrom4([4]byte(p[4:8])).String() + "\")}"
	case family == afInet6 && len(p) >= 24:
		text := head + ", sin6_port=htons(" + port(p) + "), sin6_flowinfo=htonl(" +
			strconv.FormatUint(uint64(binary.BigEndian.Uint32(p[4:])), 10) +
			"), inet_pton(AF_INET6, \"" + netip.AddrFrom16([16]byte(p[8:24])).String() + "\", &sin6_addr)"
		if len(p) >= 28 {
			text += ", sin6_scope_id=" + strconv.FormatUint(uint64(binary.LittleEndian.Uint32(p[24:])), 10)
		}
		return text + "}"
	case family == afUnix && len(p) == 2:
		return head + "}"
	case family == afUnix && p[2] == 0 && len(p) > 3:
		// The abstract namespace: all bytes count, NULs too.
		return head + ", sun_path=@" + string(quote(nil, p[3:min(len(p), 110)])) + "}"
	case family == afUnix:
		path := p[2:min(len(p), 110)]
		if end := bytes.IndexByte(path, 0); end >= 0 {
			path = path[:end]
		}
		return head + ", sun_path=" + string(quote(nil, path)) + "}"
	case len(p) == 2:
		return head + "}"
	}
	return head + ", sa_data=" + string(quote(nil, p[2:])) + "}"
}

func port(p []byte) string { return strconv.Itoa(int(binary.BigEndian.Uint16(p[2:]))) }

// optval prints setsockopt's value: a number if it has a number's size.
func (d *decoder) optval(addr uint64) string {
	n := d.unsigned(4)
	level, option := d.unsigned(1), d.unsigned(2)
	const soLinger = 13
	if level == solSocket && option == soLinger && n == 8 {
		if p, ok := d.block(addr, 8); ok {
			return "{l_onoff=" + strconv.Itoa(int(int32(binary.LittleEndian.Uint32(p)))) +
				", l_linger=" + strconv.Itoa(int(int32(binary.LittleEndian.Uint32(p[4:])))) + "}"
		}
	}
	if n == 4 {
		return d.intAt(addr)
	}
	if int32(n) < 0 {
		return pointer(addr)
	}
	return d.buffer(addr, n)
}
