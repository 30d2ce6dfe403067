package regs

import (
	"encoding/binary"
	"fmt"
	"math/big"
	"strings"
)

// The x87's 80-bit numbers: sign and exponent of 15 bits, biased, above a
// significand of 64 bits whose integer bit is explicit (SDM volume 1, 4.2.2).
const (
	bias80   = 16383
	special  = 0x7fff // exponent of infinities and NaNs
	integer1 = 1 << 63
)

// float80 prints ten bytes as a number, shortest that reads back the same.
func float80(v Value) string {
	significand := v.Uint64()
	top := binary.LittleEndian.Uint16(v[8:])
	sign := ""
	if top&0x8000 != 0 {
		sign = "-"
	}
	exponent := int(top & special)
	switch {
	case exponent == special && significand == integer1:
		return sign + "inf"
	case exponent == special, exponent != 0 && significand&integer1 == 0:
		return sign + fmt.Sprintf("nan(%#x)", significand) // or an unnormal, which the CPU refuses
	}
	exponent = max(exponent, 1) // denormals have that of the smallest normal
	f := new(big.Float).SetPrec(64).SetUint64(significand)
	f.SetMantExp(f, exponent-bias80-63)
	return sign + f.Text('g', -1)
}

// parseFloat80 reads a decimal number, inf or nan.
func parseFloat80(s string) (Value, error) {
	v := make(Value, 10)
	number, negative := strings.CutPrefix(s, "-")
	number = strings.TrimPrefix(number, "+")
	var significand uint64
	exponent := 0
	switch strings.ToLower(number) {
	case "inf":
		significand, exponent = integer1, special
	case "nan":
		significand, exponent = integer1|1<<62, special // quiet
	default:
		f, _, err := big.ParseFloat(number, 10, 64, big.ToNearestEven)
		if err != nil || f.Signbit() {
			return nil, ErrSyntax
		}
		if significand, exponent, err = split80(f); err != nil {
			return nil, err
		}
	}
	if negative {
		exponent |= 0x8000
	}
	binary.LittleEndian.PutUint64(v, significand)
	binary.LittleEndian.PutUint16(v[8:], uint16(exponent))
	return v, nil
}

// split80 gives the significand and the biased exponent of a positive number.
func split80(f *big.Float) (uint64, int, error) {
	if f.Sign() == 0 {
		return 0, 0, nil
	}
	if f.IsInf() {
		return 0, 0, ErrRange
	}
	var mantissa big.Float
	exponent := f.MantExp(&mantissa) - 1 + bias80 // mantissa is in [0.5, 1)
	if exponent >= special {
		return 0, 0, ErrRange
	}
	shift := 64
	if exponent < 1 { // a denormal keeps fewer bits
		shift, exponent = 63+exponent, 0
	}
	if shift < 0 {
		return 0, 0, nil
	}
	mantissa.SetMantExp(&mantissa, shift)
	significand, _ := mantissa.Uint64()
	return significand, exponent, nil
}
