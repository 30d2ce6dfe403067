package decode

import (
	"strconv"

	"warder/abi"
)

// cloneName gives clone's arguments the names strace prints.
func cloneName(kernel string) string {
	switch kernel {
	case "newsp":
		return "child_stack"
	case "clone_flags":
		return "flags"
	case "parent_tidptr":
		return "parent_tid"
	}
	return kernel
}

// arg prints argument i.
func (d *decoder) arg(i int) (text, path string) {
	if text, ok := d.special(i); ok {
		return text, ""
	}
	a, v := d.sig.Args[i], d.value(i)
	if a.Kind == abi.Path {
		return d.path(v)
	}
	return d.kind(a, i, v), ""
}

// kind prints a value by what it means. i is the argument's position, for the
// kinds whose length or size is in another argument.
func (d *decoder) kind(a abi.Arg, i int, v uint64) string {
	switch a.Kind {
	case abi.Int, abi.FD, abi.PID, abi.Off:
		if a.Kind == abi.FD {
			v = uint64(int32(v))
		}
		return decimal(v)
	case abi.UID, abi.GID:
		return id(v, a.Bits)
	case abi.Uint, abi.Size:
		if a.Signed {
			return decimal(v)
		}
		return strconv.FormatUint(v, 10)
	case abi.DirFD:
		if int32(v) == atFDCWD {
			return "AT_FDCWD"
		}
		return decimal(uint64(int32(v)))
	case abi.Ptr, abi.OutBuf:
		return pointer(v)
	case abi.Path:
		text, _ := d.path(v)
		return text
	case abi.Str:
		return d.str(v)
	case abi.Buf:
		return d.buffer(v, d.unsigned(i+1))
	case abi.Mode:
		return mode(v)
	case abi.Signal:
		return signal(v)
	case abi.Flags, abi.Enum:
		return named(a.Flags, d.unsigned(i))
	case abi.IOCTL:
		return ioctl(a.Flags, v)
	case abi.ClockID:
		return named(a.Flags, d.unsigned(i))
	case abi.ArgV:
		return d.array(v)
	case abi.EnvP:
		return d.environment(v)
	case abi.Sockaddr:
		return d.sockaddr(v, d.unsigned(i+1))
	case abi.Timespec:
		return d.timespec(v, "tv_nsec")
	case abi.Timeval:
		return d.timespec(v, "tv_usec")
	case abi.Iovec, abi.OutIovec:
		return d.iovec(v, d.unsigned(i+1), a.Kind == abi.Iovec)
	case abi.SigSet:
		return d.sigset(v, d.value(len(d.sig.Args)-1))
	case abi.Sigaction:
		return d.sigaction(v)
	case abi.Dev:
		return device(v)
	case abi.Unknown, abi.Hex:
	}
	return hex(v)
}

const atFDCWD = -100

// id prints a user or group id. All ones, at the call's width, is -1: leave
// as it is.
func id(v uint64, bits uint8) string {
	if bits < 64 && v == 1<<bits-1 {
		return "-1"
	}
	return strconv.FormatUint(v, 10)
}

// mode prints permission bits with at least three digits and a leading zero.
func mode(v uint64) string {
	return string(abi.AppendMode(nil, v))
}

func signal(v uint64) string {
	if n := int64(v); n > 0 && n <= 64 {
		return abi.SignalName(int(n))
	}
	return decimal(v)
}

// ioctl prints a request by name, or by the fields of its number: direction,
// type, number and size (asm-generic/ioctl.h).
func ioctl(names abi.FlagSet, v uint64) string {
	if s := names.Format(v); len(s) < 2 || s[1] != 'x' {
		if v != 0 {
			return s
		}
	}
	direction := [...]string{"_IOC_NONE", "_IOC_WRITE", "_IOC_READ", "_IOC_READ|_IOC_WRITE"}[v>>30&3]
	return "_IOC(" + direction + ", " + hex(v>>8&0xff) + ", " + hex(v&0xff) + ", " + hex(v>>16&0x3fff) + ")"
}

// device prints a device number: the kernel's encoding has 12 bits of major
// between the two parts of a 20-bit minor (linux/kdev_t.h).
func device(v uint64) string {
	major := v >> 8 & 0xfff
	minor := v&0xff | v>>12&0xfff00
	return "makedev(" + hex(major) + ", " + hex(minor) + ")"
}
