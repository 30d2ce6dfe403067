package abi_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"warder/abi"
)

// TestGroups holds the groups to strace 6.1's, as recorded in testdata. Calls
// that are newer than that strace are left out.
func TestGroups(t *testing.T) {
	data, err := os.ReadFile("testdata/strace-groups.txt")
	if err != nil {
		t.Fatal(err)
	}
	newer := strings.Fields(`cachestat fchmodat2 file_getattr file_setattr getxattrat listxattrat listmount map_shadow_stack
		mseal open_tree_attr removexattrat setxattrat statmount set_mempolicy_home_node`)
	checked := 0
	for line := range strings.Lines(string(data)) {
		fields := strings.Fields(line)
		if len(fields) < 2 || fields[0] == "#" {
			continue
		}
		arch, ok := abi.ParseArch(fields[0])
		if !ok || !slices.Contains(abi.Groups(), fields[1]) {
			t.Fatalf("line %q", line)
		}
		want := fields[2:]
		for _, call := range arch.Names() {
			if slices.Contains(newer, call) || call == "socketcall" { // whose calls strace tells apart
				continue
			}
			if got := abi.InGroup(fields[1], call); got != slices.Contains(want, call) {
				t.Errorf("%s: %s in %%%s: %v", arch, call, fields[1], got)
			}
			checked++
		}
	}
	if checked < 10000 {
		t.Errorf("only %d calls were checked", checked)
	}
	if !abi.InGroup("net", "connect") || abi.InGroup("nothing", "connect") || abi.InGroup("file", "no_such_call") {
		t.Error("net, an unknown group or an unknown call")
	}
}
