package snapshot

import (
	"encoding/json"
	"fmt"
	"strconv"

	"warder/regs"
)

// Registers is the general set in a form that JSON can be read back to: an
// object of hexadecimal strings, all registers of regs.Names and no other.
type Registers struct{ regs.Regs }

// UnmarshalJSON reads what MarshalJSON writes.
func (r *Registers) UnmarshalJSON(b []byte) error {
	var values map[string]string
	if err := json.Unmarshal(b, &values); err != nil {
		return err
	}
	names := regs.Names()
	if len(values) != len(names) {
		return fmt.Errorf("%d registers: want %d", len(values), len(names))
	}
	*r = Registers{}
	for _, name := range names {
		v, err := strconv.ParseUint(values[name], 0, 64)
		if err == nil {
			err = r.Set(name, v)
		}
		if err != nil {
			return fmt.Errorf("register %s: %q: %w", name, values[name], err)
		}
	}
	return nil
}
