package regs

import (
	"fmt"
	"math/big"
	"math/bits"
)

// Value is what a register, or a part of one, holds: its bytes, the least
// significant first, as the CPU stores it. Vector registers have up to 64.
type Value []byte

// Uint gives a number as a Value of 8 bytes. Set takes it for any register
// that the number fits into.
func Uint(v uint64) Value {
	b := make(Value, 8)
	for i := range b {
		b[i] = byte(v >> (8 * i))
	}
	return b
}

// Uint64 returns the lowest 64 bits.
func (v Value) Uint64() uint64 {
	var n uint64
	for i := range min(len(v), 8) {
		n |= uint64(v[i]) << (8 * i)
	}
	return n
}

// Len returns how many bits the value needs: 0 for zero.
func (v Value) Len() int {
	for i := len(v) - 1; i >= 0; i-- {
		if v[i] != 0 {
			return 8*i + bits.Len8(v[i])
		}
	}
	return 0
}

// Equal reports whether two values are the same number, of whatever width.
func (v Value) Equal(w Value) bool {
	for i := range max(len(v), len(w)) {
		if v.at(i) != w.at(i) {
			return false
		}
	}
	return true
}

func (v Value) at(i int) byte {
	if i < len(v) {
		return v[i]
	}
	return 0
}

// String gives the value in hexadecimal, without leading zeros: "0x1f".
func (v Value) String() string { return fmt.Sprintf("%#x", v.big()) }

func (v Value) big() *big.Int {
	be := make([]byte, len(v))
	for i, b := range v {
		be[len(v)-1-i] = b
	}
	return new(big.Int).SetBytes(be)
}

// fit gives v with the bytes of a register of so many bits, or ErrRange.
func (v Value) fit(width int) (Value, error) {
	if v.Len() > width {
		return nil, ErrRange
	}
	w := make(Value, (width+7)/8)
	copy(w, v)
	return w, nil
}

// fromBig gives n, which is not negative, as so many bits, or ErrRange.
func fromBig(n *big.Int, width int) (Value, error) {
	if n.BitLen() > width {
		return nil, ErrRange
	}
	v := make(Value, (width+7)/8)
	n.FillBytes(v)
	for i, j := 0, len(v)-1; i < j; i, j = i+1, j-1 {
		v[i], v[j] = v[j], v[i]
	}
	return v, nil
}

// WideChange is one register of a wide set that differs.
type WideChange struct {
	Name     string
	Old, New Value
}

func (c WideChange) String() string { return fmt.Sprintf("%s %s -> %s", c.Name, c.Old, c.New) }
