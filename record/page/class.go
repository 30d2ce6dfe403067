package page

import "warder/abi"

// classes are what the page colours calls by. A call that is in several counts
// as the first: mmap, which takes a descriptor, is of memory, and execve, which
// takes a file name, of processes.
var classes = []struct {
	name string
	bit  abi.Class
}{
	{"network", abi.Network},
	{"memory", abi.Memory},
	{"process", abi.Process},
	{"signal", abi.Signals},
	{"time", abi.Clock},
	{"ipc", abi.IPC},
	{"credentials", abi.Creds},
	{"system", abi.System},
	{"file", abi.File},
	{"descriptor", abi.Desc},
	{"other", ^abi.Class(0)},
}

func classOf(bits abi.Class) int {
	for i := range classes {
		if bits&classes[i].bit != 0 {
			return i
		}
	}
	return len(classes) - 1
}
