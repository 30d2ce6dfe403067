// Little code, for the fuzzer to start from.
namespace n {
int sink;

struct S {
	int m;
	__attribute__((noinline)) int outer(int x);
};

static inline int twice(int x)
{
	if (x > 3)
		sink++;
	return x + x;
}

int S::outer(int x)
{
	return twice(x + m) * twice(m);
}
} // namespace n

int main(int argc, char **)
{
	n::S s{argc};
	return s.outer(3) + n::twice(argc);
}
