/*
 * claim: keeps data in a kernel map with bpf(2)
 * class: filter
 * bare: 1
 * compute: policy-violation bpf
 * needs: root
 * see: pitfalls 68
 */
#include "attack.h"
#include <linux/bpf.h>

int main(void)
{
	union bpf_attr a = { .map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 8, .max_entries = 1 };

	settle(syscall(SYS_bpf, BPF_MAP_CREATE, &a, sizeof a), "has a kernel map");
}
