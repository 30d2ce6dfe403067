package decode

// keyArgument is what an argument of keyctl is.
type keyArgument byte

const (
	keyID   keyArgument = 's' // a key, or a keyring that is named by a negative number
	keyInt  keyArgument = 'i'
	keyUint keyArgument = 'u'
	keyUser keyArgument = 'o'
	keyText keyArgument = 't'
	keyOut  keyArgument = 'b' // filled, as long as what is returned and what the next argument says
)

// keyOperations are the operations of keyctl(2) whose arguments are printed
// after what they are; the others have numbers.
var keyOperations = map[uint64]string{
	0:  "si",   // KEYCTL_GET_KEYRING_ID
	1:  "t",    // KEYCTL_JOIN_SESSION_KEYRING
	3:  "s",    // KEYCTL_REVOKE
	4:  "soo",  // KEYCTL_CHOWN
	6:  "sbu",  // KEYCTL_DESCRIBE
	7:  "s",    // KEYCTL_CLEAR
	8:  "ss",   // KEYCTL_LINK
	9:  "ss",   // KEYCTL_UNLINK
	10: "stts", // KEYCTL_SEARCH
	11: "sbu",  // KEYCTL_READ
	13: "sus",  // KEYCTL_NEGATE
	15: "su",   // KEYCTL_SET_TIMEOUT
	16: "s",    // KEYCTL_ASSUME_AUTHORITY
	17: "sbu",  // KEYCTL_GET_SECURITY
	18: "",     // KEYCTL_SESSION_TO_PARENT
	21: "s",    // KEYCTL_INVALIDATE
	22: "os",   // KEYCTL_GET_PERSISTENT
}

func keyShown(d *decoder) []uint8 {
	if kinds, known := keyOperations[d.unsigned(0)]; known {
		return first(1 + len(kinds))
	}
	return first(5)
}

var keyArg = &shape{doc: "by operation", pick: func(d *decoder, i int) *shape {
	kinds := keyOperations[d.unsigned(0)]
	if i > len(kinds) {
		return hexadecimal
	}
	switch keyArgument(kinds[i-1]) {
	case keyID:
		return keySerial
	case keyInt:
		return cint
	case keyUint:
		return cuint
	case keyUser:
		return keyOwner
	case keyText:
		return stringIn
	case keyOut:
		return keyBuffer
	}
	return hexadecimal
}}

var (
	keyOwner  = &shape{doc: "id", enter: func(d *decoder, i int) { d.id(uint64(uint32(d.value(i))), 32) }}
	keyBuffer = &shape{doc: "bytes", leave: func(d *decoder, i int) {
		d.bytes(d.value(i), min(d.result, d.unsigned(i+1)), quote)
	}}
)
