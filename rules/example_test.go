package rules_test

import (
	"fmt"

	"warder/abi"
	"warder/rules"
)

func ExampleParse() {
	_, err := rules.Parse("compute.yaml", []byte(`default: kill
syscalls:
  - call: opnat
    action: allow
  - call: write
    when: {fd: 0x100000001}
    action: allow
`), rules.ParseOptions{Arch: abi.X86_64})
	fmt.Println(err)
	// Output:
	// compute.yaml:3:11: unknown syscall "opnat" (did you mean "openat"?)
	// compute.yaml:6:16: fd is read as 32 bits by the kernel: 0x100000001 does not fit
}

func ExamplePolicy_Warnings() {
	p, err := rules.Parse("deny.json", []byte(`{
	"defaultAction": "SCMP_ACT_ERRNO",
	"architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"],
	"syscalls": [
		{"names": ["read", "ptrace"], "action": "SCMP_ACT_ALLOW"}
	]
}`), rules.ParseOptions{Arch: abi.X86_64})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, line := range p.Warnings() {
		fmt.Println(line)
	}
	// Output:
	// deny.json:3: calls of SCMP_ARCH_X86 are refused all the same: foreign architectures always are
	// deny.json:5: allows ptrace and so control over other processes
}
