// Package dwarf answers one question from a program's debugging information:
// which function, inlined functions included, which source file and line does
// an address belong to?
//
// It is there beside debug/dwarf because that trusts the file: it allocates
// what a number in a header says (the lists of files of a line table, for one)
// and runs for as long as the content wants. A file that a held program brings
// along must not do that to its supervisor. Here nothing is allocated by a
// number that was read, and each look-up has a budget of steps; beyond it the
// answer is [ErrLimit].
//
// Described in the DWARF standards 2 to 5 (dwarfstd.org); section numbers in
// comments are those of DWARF 5.
//
// Limits: little-endian, addresses of 8 bytes. Type units, split units (.dwo)
// and supplementary files (dwz) are passed over: what only they say, a name
// mostly, is missing. Names are given as the file has them, linkage names not
// demangled. Addresses are those that the file was linked to.
package dwarf
