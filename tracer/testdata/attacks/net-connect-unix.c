/*
 * claim: connects to a UNIX socket that somebody listens on, by its path or its abstract name
 * class: net
 * bare: 1
 * compute: policy-violation socket
 * see: pitfalls 46, 54
 */
#include "attack.h"
#include <sys/socket.h>
#include <sys/un.h>

/* argv[2] is the path, or the name behind an @; where there is none, its own. */
int main(int argc, char **argv)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	char *name = argc > 2 ? argv[2] : scratch(argc, argv, "made-by-bind");
	socklen_t n = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name));
	int c = socket(AF_UNIX, SOCK_STREAM, 0), r;

	if (c < 0)
		refused("socket");
	if (strlen(name) >= sizeof a.sun_path)
		impossible("the name is too long");
	strcpy(a.sun_path, name);
	if (*name == '@')
		a.sun_path[0] = 0;
	if (argc <= 2) {
		int s = socket(AF_UNIX, SOCK_STREAM, 0);

		if (bind(s, (struct sockaddr *)&a, n) || listen(s, 1))
			refused("bind");
	}
	r = connect(c, (struct sockaddr *)&a, n);
	if (argc <= 2)
		unlink(name);
	settle(r, "reached a listener");
}
