/*
 * claim: reads a key of another process's keyring
 * class: creds
 * bare: 1
 * compute: policy-violation keyctl
 * needs: keys
 * see: pitfalls 68, 83
 */
#include "attack.h"

/* Of include/uapi/linux/keyctl.h. */
enum {
	KEY_JOIN = 1,
	KEY_LINK = 8,
	KEY_SEARCH = 10,
	KEY_READ = 11,
	KEY_SET_TIMEOUT = 15,
	KEY_INVALIDATE = 21,
	KEY_GET_PERSISTENT = 22
};

static long keyring(const char *name)
{
	if (strcmp(name, "session") == 0)
		return -3;
	/* What is found from the process's own keyring on it possesses, and may read. */
	if (strcmp(name, "user") == 0)
		return syscall(SYS_keyctl, KEY_LINK, -4, -2) == 0 ? -4 : -1;
	return syscall(SYS_keyctl, KEY_GET_PERSISTENT, -1, -2);
}

/* add puts a key there, for a minute at most. */
static long add(long ring, const char *name)
{
	long key = syscall(SYS_add_key, "user", name, "hi", 2UL, ring);

	if (key >= 0)
		syscall(SYS_keyctl, KEY_SET_TIMEOUT, key, 60);
	return key;
}

/* keep is the other: it has the key from its first input on, which it repeats, to the last. */
static _Noreturn void keep(long ring, const char *name)
{
	char b[64];
	ssize_t n = read(0, b, sizeof b);
	long key = add(ring, name);

	if (key < 0)
		refused("add_key");
	if (n > 0 && write(1, b, (size_t)n) == n)
		while (read(0, b, sizeof b) > 0)
			;
	syscall(SYS_keyctl, KEY_INVALIDATE, key);
	contained("kept a key");
}

/*
 * The key is that of argv[2], "keyring:name", which another puts there, as this
 * does with an argv[3]; or one that a child of ours puts into the session keyring.
 */
int main(int argc, char **argv)
{
	char *name = argc > 2 ? strchr(argv[2], ':') : 0, b[2];
	long ring, key;

	if (name) {
		*name++ = 0;
		ring = keyring(argv[2]);
		if (argc > 3)
			keep(ring, name);
	} else {
		long pid;

		syscall(SYS_keyctl, KEY_JOIN, 0); /* that both have it */
		pid = raw(SYS_fork, 0, 0, 0, 0, 0, 0);
		if (pid < 0)
			refused("fork");
		name = "warder-other";
		ring = keyring("session");
		if (pid == 0)
			_exit(add(ring, name) < 0);
		waitpid((pid_t)pid, 0, 0);
	}
	key = syscall(SYS_keyctl, KEY_SEARCH, ring, "user", name, 0);
	if (key < 0)
		refused("keyctl (search)");
	if (syscall(SYS_keyctl, KEY_READ, key, b, 2UL) != 2 || b[0] != 'h')
		refused("keyctl (read)");
	if (argc <= 2)
		syscall(SYS_keyctl, KEY_INVALIDATE, key);
	escaped("read another's key");
}
