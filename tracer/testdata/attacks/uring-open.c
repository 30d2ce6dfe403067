/*
 * claim: opens /etc/passwd through io_uring, whose operations are no syscalls
 * class: filter
 * bare: 1
 * compute: ok
 * needs: io_uring
 * see: pitfalls 46
 */
#include "attack.h"
#include <linux/io_uring.h>

int main(void)
{
	struct io_uring_params p = { 0 };
	long ring = syscall(SYS_io_uring_setup, 4, &p);
	char *sq, *cq;
	struct io_uring_sqe *sqes;
	int result;

	if (ring < 0)
		refused("io_uring_setup");
	sq = mmap(0, p.sq_off.array + p.sq_entries * 4, PROT_READ | PROT_WRITE, MAP_SHARED, (int)ring,
		  IORING_OFF_SQ_RING);
	cq = mmap(0, p.cq_off.cqes + p.cq_entries * sizeof(struct io_uring_cqe), PROT_READ | PROT_WRITE,
		  MAP_SHARED, (int)ring, IORING_OFF_CQ_RING);
	sqes = mmap(0, p.sq_entries * sizeof *sqes, PROT_READ | PROT_WRITE, MAP_SHARED, (int)ring,
		    IORING_OFF_SQES);
	if (sq == MAP_FAILED || cq == MAP_FAILED || (void *)sqes == MAP_FAILED)
		refused("mmap");
	sqes[0].opcode = IORING_OP_OPENAT;
	sqes[0].fd = AT_FDCWD;
	sqes[0].addr = (unsigned long)"/etc/passwd";
	((unsigned *)(sq + p.sq_off.array))[0] = 0;
	__atomic_store_n((unsigned *)(sq + p.sq_off.tail), 1, __ATOMIC_RELEASE);
	if (syscall(SYS_io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS, 0, 0) < 0)
		refused("io_uring_enter");
	result = ((struct io_uring_cqe *)(cq + p.cq_off.cqes))[0].res;
	if (result >= 0 && is_passwd(result))
		escaped("read /etc/passwd");
	errno = -result;
	refused("the ring's openat");
}
