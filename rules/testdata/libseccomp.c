/*
 * Builds filters with libseccomp and writes them out, for a comparison with
 * warder's own. Reads on stdin
 *
 *     filter DEFAULT
 *     rule ACTION NUMBER COUNT [INDEX OP DATUM DATUM]...
 *     end
 *
 * any number of times, all numbers in hexadecimal but for the words, and
 * writes for each filter the number of its instructions (native uint32_t) and
 * then the instructions. First of all come three words: libseccomp's version.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <seccomp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static void fail(const char *step, int error)
{
	fprintf(stderr, "libseccomp: %s: %s\n", step, strerror(error));
	exit(1);
}

static uint64_t number(void)
{
	unsigned long long v;

	if (scanf("%llx", &v) != 1)
		fail("a number is missing", EINVAL);
	return v;
}

static void put(const void *data, size_t size)
{
	if (size != 0 && fwrite(data, size, 1, stdout) != 1)
		fail("write", errno);
}

static void add_rule(scmp_filter_ctx ctx)
{
	struct scmp_arg_cmp args[6];
	uint32_t action = number();
	int nr = number();
	unsigned int count = number();

	if (count > 6)
		fail("more than six arguments", EINVAL);
	for (unsigned int i = 0; i < count; i++) {
		args[i].arg = number();
		args[i].op = number();
		args[i].datum_a = number();
		args[i].datum_b = number();
	}
	int rc = seccomp_rule_add_array(ctx, action, nr, count, args);
	if (rc != 0 && rc != -EEXIST) /* the same rule twice */
		fail("add a rule", -rc);
}

static void export(scmp_filter_ctx ctx)
{
	int fd = memfd_create("filter", 0);

	if (fd < 0)
		fail("memfd_create", errno);
	int rc = seccomp_export_bpf(ctx, fd);
	if (rc != 0)
		fail("export", -rc);
	off_t size = lseek(fd, 0, SEEK_END);
	char *data = malloc(size);
	if (data == NULL || pread(fd, data, size, 0) != size)
		fail("read the filter back", EIO);
	uint32_t n = size / 8; /* sizeof(struct sock_filter) */
	put(&n, sizeof(n));
	put(data, size);
	free(data);
	close(fd);
}

int main(void)
{
	const struct scmp_version *v = seccomp_version();
	uint32_t version[3] = { v->major, v->minor, v->micro };
	scmp_filter_ctx ctx = NULL;
	char word[16];

	put(version, sizeof(version));
	while (scanf("%15s", word) == 1) {
		if (strcmp(word, "filter") == 0) {
			ctx = seccomp_init(number());
			if (ctx == NULL)
				fail("init", EINVAL);
			int rc = seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
			if (rc != 0)
				fail("set the action for other architectures", -rc);
		} else if (ctx != NULL && strcmp(word, "rule") == 0) {
			add_rule(ctx);
		} else if (ctx != NULL && strcmp(word, "end") == 0) {
			export(ctx);
			seccomp_release(ctx);
			ctx = NULL;
		} else {
			fail(word, EINVAL);
		}
	}
	return fflush(stdout) == 0 ? 0 : 1;
}
