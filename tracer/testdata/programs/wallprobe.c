/*
 * build: -static
 * Tries what each wall around a program is to hold back, prints a line for
 * each ("open ENOENT", "connect ok"), then "ready", and stays until its input
 * ends. Arguments: a port on 127.0.0.1, a System V shared memory id, a file
 * that everybody may read, the name of an abstract socket; others are ignored.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <unistd.h>

static void say(const char *what, long r)
{
	printf("%s %s\n", what, r >= 0 ? "ok" : strerrorname_np(errno));
}

int main(int argc, char **argv)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	struct shmid_ds shm;
	struct utsname name;
	struct stat st;
	char c;

	if (argc < 5)
		return 2;
	in.sin_port = htons((unsigned short)atoi(argv[1]));
	strncpy(un.sun_path + 1, argv[4], sizeof(un.sun_path) - 2);
	printf("securebits %#x\n", prctl(PR_GET_SECUREBITS));
	printf("keyring %ld\n", syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 0));
	uname(&name);
	printf("host %s\n", name.nodename);
	printf("pid %d\n", getpid());
	say("connect", connect(socket(AF_INET, SOCK_STREAM, 0), (struct sockaddr *)&in, sizeof(in)));
	say("abstract", connect(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&un,
		(socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(argv[4]))));
	say("shm", shmctl(atoi(argv[2]), IPC_STAT, &shm));
	say("open", open(argv[3], O_RDONLY));
	say("stat", stat(argv[3], &st));
	say("mkdir", mkdir("/warder-wall", 0777));
	rmdir("/warder-wall");
	say("creat", open("warder-creat", O_CREAT | O_EXCL | O_RDWR, 0666));
	unlink("warder-creat");
	puts("ready");
	fflush(stdout);
	while (read(0, &c, 1) > 0)
		;
	return 0;
}
