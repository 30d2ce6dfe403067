package abi_test

import (
	"fmt"

	"warder/abi"
)

func Example() {
	call, _ := abi.Lookup("openat")
	for _, arg := range call.Args {
		fmt.Println(arg.Name, arg.Bits)
	}
	nr, _ := abi.AArch64.Number("openat")
	fmt.Println("arm64 number", nr)
	// Output:
	// dfd 32
	// filename 64
	// flags 32
	// mode 16
	// arm64 number 56
}

// The kernel reads a descriptor as 32 bits, so this is descriptor 1.
func ExampleArg_Value() {
	write, _ := abi.Lookup("write")
	fmt.Println(write.Args[0].Value(0x1_0000_0001))
	// Output: 1
}

func ExampleFlagSet_Format() {
	fmt.Println(abi.OpenFlags.Format(0o1101))
	fmt.Println(abi.ProtFlags.Format(0x23))
	fmt.Println(abi.CloneFlags.Format(0x11))
	// Output:
	// O_WRONLY|O_CREAT|O_TRUNC
	// PROT_READ|PROT_WRITE|0x20
	// SIGCHLD
}
