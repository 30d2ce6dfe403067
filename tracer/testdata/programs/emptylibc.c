/*
 * An empty program as a C compiler makes it: the C library's start, nothing
 * else.
 * build: -static
 */
int main(void)
{
	return 0;
}
