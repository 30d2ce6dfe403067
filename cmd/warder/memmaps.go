package main

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"warder/memory"
	"warder/record"
)

// memMapsFlags are the flags of warder mem PID maps.
type memMapsFlags struct {
	asJSON, smaps, stop bool
}

func newMemMaps() *cobra.Command {
	var f memMapsFlags
	cmd := memCommand("maps", "", "List the mappings")
	cmd.Long = `List the mappings of a process as /proc/PID/maps has them.

-s shows what each is made of, from /proc/PID/smaps, in KiB: resident (RSS),
resident divided by the number of users (PSS), changed or of no file (ANON),
swapped out (SWAP), and the kernel's flags; --json then has all that the kernel
tells, in bytes.`
	cmd.Example = `  warder mem 1234 maps
  warder mem 1234 maps -s
  warder mem 1234 maps --json -s`
	cmd.Args = needArgs("PID")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		pid, err := parsePID(args[0])
		if err != nil {
			return err
		}
		return f.run(cmd.OutOrStdout(), pid)
	}
	fs := cmd.Flags()
	fs.BoolVarP(&f.smaps, "smaps", "s", false, "show what the mappings are made of")
	fs.BoolVar(&f.asJSON, "json", false, "print JSON")
	stopFlag(fs, &f.stop, false)
	return cmd
}

func (f *memMapsFlags) run(w io.Writer, pid int) error {
	var list []memory.Detail
	err := withMemory(pid, f.stop, func(s *memory.Space) (err error) {
		if f.smaps {
			list, err = s.Smaps()
			return err
		}
		maps, err := s.Maps()
		for _, m := range maps {
			list = append(list, memory.Detail{Mapping: m})
		}
		return err
	})
	if err != nil {
		return err
	}
	return toStandardOutput(w, func(b *bufio.Writer) error {
		switch {
		case f.asJSON:
			return printMapsJSON(b, list, f.smaps)
		case f.smaps:
			printSmaps(b, list)
		default:
			for i := range list {
				fmt.Fprintln(b, mapLine(&list[i].Mapping))
			}
		}
		return nil
	})
}

// mapLine is a mapping in the kernel's columns, fit for a terminal.
func mapLine(m *memory.Mapping) string {
	s := m.String()
	head, path := s, ""
	if at := nthSpace(s, 5); at > 0 {
		head, path = s[:at], s[at+1:]
	}
	return strings.TrimRight(fmt.Sprintf("%-72s %s", head, record.Clean(path)), " ")
}

// nthSpace is the place of the n-th space, or -1.
func nthSpace(s string, n int) int {
	for i := range len(s) {
		if s[i] == ' ' {
			if n--; n == 0 {
				return i
			}
		}
	}
	return -1
}

func printSmaps(b *bufio.Writer, list []memory.Detail) {
	const row = "%8d %8d %8d %8d %8d  %s  %s\n"
	fmt.Fprintf(b, "%8s %8s %8s %8s %8s  %s\n", "SIZE", "RSS", "PSS", "ANON", "SWAP", "MAPPING, FLAGS")
	var total memory.Detail
	size := uint64(0)
	for i := range list {
		d := &list[i]
		fmt.Fprintf(b, row, d.Size()/1024, d.RSS/1024, d.PSS/1024, d.Anonymous/1024, d.Swap/1024,
			mapLine(&d.Mapping), "["+strings.Join(d.Flags, " ")+"]")
		size += d.Size() / 1024
		total.RSS += d.RSS
		total.PSS += d.PSS
		total.Anonymous += d.Anonymous
		total.Swap += d.Swap
	}
	fmt.Fprintf(b, "%8d %8d %8d %8d %8d  in all\n", size, total.RSS/1024, total.PSS/1024, total.Anonymous/1024, total.Swap/1024)
}

// mapJSON is a mapping in JSON: addresses are strings, as numbers lose what is
// above 2^53.
type mapJSON struct {
	Start   string `json:"start"`
	End     string `json:"end"`
	Size    uint64 `json:"size"`
	Perms   string `json:"perms"`
	Offset  string `json:"offset"`
	Dev     string `json:"dev"`
	Inode   uint64 `json:"inode"`
	Path    string `json:"path,omitempty"`
	Deleted bool   `json:"deleted,omitempty"`

	Detail *detailJSON `json:"detail,omitempty"`
}

// detailJSON is what smaps adds, in bytes.
type detailJSON struct {
	PageSize       uint64   `json:"page_size"`
	RSS            uint64   `json:"rss"`
	PSS            uint64   `json:"pss"`
	PSSDirty       uint64   `json:"pss_dirty"`
	SharedClean    uint64   `json:"shared_clean"`
	SharedDirty    uint64   `json:"shared_dirty"`
	PrivateClean   uint64   `json:"private_clean"`
	PrivateDirty   uint64   `json:"private_dirty"`
	Referenced     uint64   `json:"referenced"`
	Anonymous      uint64   `json:"anonymous"`
	KSM            uint64   `json:"ksm"`
	LazyFree       uint64   `json:"lazy_free"`
	AnonHuge       uint64   `json:"anon_huge"`
	ShmemHuge      uint64   `json:"shmem_huge"`
	FileHuge       uint64   `json:"file_huge"`
	HugetlbShared  uint64   `json:"hugetlb_shared"`
	HugetlbPrivate uint64   `json:"hugetlb_private"`
	Swap           uint64   `json:"swap"`
	SwapPSS        uint64   `json:"swap_pss"`
	Locked         uint64   `json:"locked"`
	THPEligible    bool     `json:"thp_eligible"`
	ProtectionKey  int      `json:"protection_key"`
	Flags          []string `json:"flags"`
}

func printMapsJSON(w io.Writer, list []memory.Detail, smaps bool) error {
	out := make([]mapJSON, 0, len(list))
	for i := range list {
		d := &list[i]
		m := mapJSON{
			Start: hex(d.Start), End: hex(d.End), Size: d.Size(), Perms: d.Perms.String(), Offset: hex(d.Offset),
			Dev: d.Dev, Inode: d.Inode, Path: d.Path, Deleted: d.Deleted,
		}
		if smaps {
			m.Detail = &detailJSON{
				d.PageSize, d.RSS, d.PSS, d.PSSDirty, d.SharedClean, d.SharedDirty, d.PrivateClean, d.PrivateDirty,
				d.Referenced, d.Anonymous, d.KSM, d.LazyFree, d.AnonHuge, d.ShmemHuge, d.FileHuge, d.HugeShared,
				d.HugePrivate, d.Swap, d.SwapPSS, d.Locked, d.THPEligible, d.ProtectionKey, append([]string{}, d.Flags...),
			}
		}
		out = append(out, m)
	}
	return printJSON(w, out)
}

func hex(v uint64) string { return fmt.Sprintf("%#x", v) }
