package dwarf

import "warder/internal/cursor"

// Forms of attributes (7.5.6), and GNU's.
const (
	formAddr          = 0x01
	formBlock2        = 0x03
	formBlock4        = 0x04
	formData2         = 0x05
	formData4         = 0x06
	formData8         = 0x07
	formString        = 0x08
	formBlock         = 0x09
	formBlock1        = 0x0a
	formData1         = 0x0b
	formFlag          = 0x0c
	formSData         = 0x0d
	formStrp          = 0x0e
	formUData         = 0x0f
	formRefAddr       = 0x10
	formRef1          = 0x11
	formRef2          = 0x12
	formRef4          = 0x13
	formRef8          = 0x14
	formRefUData      = 0x15
	formIndirect      = 0x16
	formSecOffset     = 0x17
	formExprLoc       = 0x18
	formFlagPresent   = 0x19
	formStrx          = 0x1a
	formAddrx         = 0x1b
	formRefSup4       = 0x1c
	formStrpSup       = 0x1d
	formData16        = 0x1e
	formLineStrp      = 0x1f
	formRefSig8       = 0x20
	formImplicitConst = 0x21
	formLocListx      = 0x22
	formRngListx      = 0x23
	formRefSup8       = 0x24
	formStrx1         = 0x25
	formStrx2         = 0x26
	formStrx3         = 0x27
	formStrx4         = 0x28
	formAddrx1        = 0x29
	formAddrx2        = 0x2a
	formAddrx3        = 0x2b
	formAddrx4        = 0x2c
	formGNUAddrIndex  = 0x1f01
	formGNUStrIndex   = 0x1f02
	formGNURefAlt     = 0x1f20
	formGNUStrpAlt    = 0x1f21
)

// kind says what a value is.
type kind uint8

const (
	isNothing kind = iota
	isNumber
	isAddress
	isString
	isReference  // an offset in .debug_info
	isRangeIndex // into the unit's table of range lists
)

// value is the value of one attribute. A string is resolved only when its text
// is asked for.
type value struct {
	kind kind
	n    uint64
	in   []byte // the section that a string is in, at n
}

func (v value) text() string {
	if v.kind != isString {
		return ""
	}
	return text(v.in, v.n)
}

// formSize returns the size of a form whose size is always the same, or -1.
// offset is that of offsets in the unit's format.
func formSize(form uint32, offset int) int {
	switch form {
	case formFlagPresent, formImplicitConst:
		return 0
	case formData1, formFlag, formRef1, formStrx1, formAddrx1:
		return 1
	case formData2, formRef2, formStrx2, formAddrx2:
		return 2
	case formStrx3, formAddrx3:
		return 3
	case formData4, formRef4, formRefSup4, formStrx4, formAddrx4:
		return 4
	case formAddr, formData8, formRef8, formRefSig8, formRefSup8:
		return 8
	case formData16:
		return 16
	case formStrp, formSecOffset, formStrpSup, formLineStrp, formGNURefAlt, formGNUStrpAlt:
		return offset
	}
	return -1 // ref_addr, too: DWARF 2 had it as wide as an address
}

// value reads an attribute. An unknown form makes the cursor bad: nothing that
// is behind it can be found.
func (d *Data) value(u *unit, c *cursor.Cursor, a attr) value {
	form := a.form
	if form == formIndirect {
		form = uint32(c.ULEB())
		if form == formIndirect || form == formImplicitConst {
			c.Fail()
		}
	}
	switch form {
	case formAddr:
		return value{kind: isAddress, n: c.U64()}
	case formAddrx, formGNUAddrIndex:
		return value{kind: isAddress, n: d.address(u, c.ULEB())}
	case formAddrx1, formAddrx2, formAddrx3, formAddrx4:
		return value{kind: isAddress, n: d.address(u, c.Uint(int(form-formAddrx1)+1))}
	case formData1, formFlag:
		return value{kind: isNumber, n: uint64(c.U8())}
	case formData2:
		return value{kind: isNumber, n: uint64(c.U16())}
	case formData4:
		return value{kind: isNumber, n: uint64(c.U32())}
	case formData8:
		return value{kind: isNumber, n: c.U64()}
	case formSData:
		return value{kind: isNumber, n: uint64(c.SLEB())}
	case formUData, formLocListx:
		return value{kind: isNumber, n: c.ULEB()}
	case formSecOffset:
		return value{kind: isNumber, n: u.offset(c)}
	case formRngListx:
		return value{kind: isRangeIndex, n: c.ULEB()}
	case formFlagPresent:
		return value{kind: isNumber, n: 1}
	case formImplicitConst:
		return value{kind: isNumber, n: uint64(a.implicit)}
	}
	if v, ok := d.stringValue(u, c, form); ok {
		return v
	}
	return d.otherValue(u, c, form)
}

func (d *Data) stringValue(u *unit, c *cursor.Cursor, form uint32) (value, bool) {
	v := value{kind: isString}
	switch form {
	case formString:
		v.n, v.in = c.Off(), d.s.Info
		d.charge(len(c.CString()))
	case formStrp:
		v.n, v.in = u.offset(c), d.s.Str
	case formLineStrp:
		v.n, v.in = u.offset(c), d.s.LineStr
	case formStrx, formGNUStrIndex:
		v.n, v.in = d.stringAt(u, c.ULEB()), d.s.Str
	case formStrx1, formStrx2, formStrx3, formStrx4:
		v.n, v.in = d.stringAt(u, c.Uint(int(form-formStrx1)+1)), d.s.Str
	case formStrpSup, formGNUStrpAlt: // in a file that is not read
		u.offset(c)
		return value{}, true
	default:
		return value{}, false
	}
	return v, true
}

// stringAt returns the offset of a string by its index.
func (d *Data) stringAt(u *unit, index uint64) uint64 {
	width := uint64(4)
	if u.wide {
		width = 8
	}
	if index > uint64(len(d.s.StrOffsets)) {
		return ^uint64(0)
	}
	c := cursor.New(d.s.StrOffsets, u.strBase+index*width)
	if off := u.offset(&c); !c.Bad() {
		return off
	}
	return ^uint64(0)
}

// otherValue reads references, and what is only passed over.
func (d *Data) otherValue(u *unit, c *cursor.Cursor, form uint32) value {
	switch form {
	case formRef1, formRef2, formRef4, formRef8:
		return value{kind: isReference, n: u.off + c.Uint(1<<(form-formRef1))}
	case formRefUData:
		return value{kind: isReference, n: u.off + c.ULEB()}
	case formRefAddr:
		if u.version == 2 {
			return value{kind: isReference, n: c.U64()}
		}
		return value{kind: isReference, n: u.offset(c)}
	case formBlock1:
		c.Skip(uint64(c.U8()))
	case formBlock2:
		c.Skip(uint64(c.U16()))
	case formBlock4:
		c.Skip(uint64(c.U32()))
	case formBlock, formExprLoc:
		c.Skip(c.ULEB())
	case formData16:
		c.Skip(16)
	case formRefSig8, formRefSup8:
		c.Skip(8)
	case formRefSup4:
		c.Skip(4)
	case formGNURefAlt:
		u.offset(c)
	default:
		c.Fail()
	}
	return value{}
}
