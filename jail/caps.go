package jail

import (
	"os"

	"golang.org/x/sys/unix"
)

// EffectiveCaps reads the calling thread's effective capabilities, a bit each.
func EffectiveCaps() (uint64, error) {
	hdr := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if err := unix.Capget(&hdr, &data[0]); err != nil {
		return 0, os.NewSyscallError("capget", err)
	}
	return uint64(data[0].Effective) | uint64(data[1].Effective)<<32, nil
}

// stubCaps are what a stub needs for its children: their ids and
// root. It gives up all others once its own set-up is done.
const stubCaps = 1<<unix.CAP_SETUID | 1<<unix.CAP_SETGID | 1<<unix.CAP_SYS_CHROOT

// KeepCaps takes from all threads of this process every capability but those
// in keep, for good. The Go runtime stops them for it.
func KeepCaps(keep uint64) error {
	own, err := EffectiveCaps()
	if err != nil {
		return err
	}
	if own&^keep == 0 {
		return nil
	}
	return setCaps(own & keep)
}
