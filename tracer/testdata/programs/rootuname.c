/* Makes one uname() in main, for a test that looks at it there. */
#include <sys/utsname.h>

int main(void)
{
	struct utsname name;

	return uname(&name) == 0 ? 0 : 1;
}
