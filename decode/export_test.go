package decode

import (
	"fmt"
	"slices"
	"strings"

	"warder/abi"
)

// pointers are the kinds of arguments that have something behind them, or may.
var pointers = []abi.Kind{
	abi.Ptr, abi.Path, abi.Str, abi.Buf, abi.OutBuf, abi.ArgV, abi.EnvP, abi.Sockaddr, abi.Timespec, abi.Timeval,
	abi.Iovec, abi.OutIovec, abi.SigSet, abi.Sigaction,
}

// StructureTable is docs/trace-structures.md's table: for each call that any
// architecture has and that takes pointers, what is printed of them. It
// returns the number of arguments that are decoded and that are addresses too.
func StructureTable() (table string, decoded, addresses int) {
	seen := map[string]bool{}
	var rows []string
	for _, arch := range []abi.Arch{abi.X86_64, abi.AArch64, abi.I386} {
		for _, name := range arch.Names() {
			nr, _ := arch.Number(name)
			p := planOf(arch, nr)
			if seen[name] || p == nil {
				continue
			}
			seen[name] = true
			var known, plain []string
			for i, a := range p.sig.Args {
				s := p.shapes[i]
				switch {
				case s.doc == "" && slices.Contains(pointers, a.Kind):
					plain = append(plain, "`"+a.Name+"`")
				case slices.Contains(pointers, a.Kind) || s.pick != nil:
					way := ""
					if s.leave != nil {
						way = ", filled"
					}
					known = append(known, "`"+a.Name+"` ("+s.doc+way+")")
				}
			}
			decoded, addresses = decoded+len(known), addresses+len(plain)
			if len(known)+len(plain) > 0 {
				rows = append(rows, fmt.Sprintf("| `%s` | %s | %s |\n", name, strings.Join(known, ", "), strings.Join(plain, ", ")))
			}
		}
	}
	slices.Sort(rows)
	return "| call | decoded | an address |\n| --- | --- | --- |\n" + strings.Join(rows, ""), decoded, addresses
}
