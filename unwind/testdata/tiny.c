/* Little code, for the fuzzer to start from. */
int sink;

__attribute__((noinline)) static int inner(int n)
{
	char room[n];
	room[0] = (char)n;
	return sink += room[0];
}

static inline int doubled(int n)
{
	return inner(n) * 2;
}

int main(int n)
{
	return doubled(n + 1) + inner(3);
}
