// Inlined calls, namespaces, templates, a static function, a lambda, a virtual
// call and std::sort above the place where it waits.
#include <algorithm>
#include <unistd.h>
#include <vector>

volatile int sink;

namespace zoo {

struct Animal {
	virtual ~Animal() = default;
	virtual int speak(int n) const = 0;
};

template <typename T> struct Cage : Animal {
	T inside{};
	__attribute__((noinline)) int speak(int n) const override;
};

static inline __attribute__((always_inline)) void innermost(int n)
{
	sink = n;
	write(1, "ready\n", 6);
	for (;;)
		pause();
}

namespace {
inline __attribute__((always_inline)) void middle(int n)
{
	if (n > 0)
		innermost(n + 1);
	sink++;
}
} // namespace

template <typename T> int Cage<T>::speak(int n) const
{
	middle(n + 1);
	return n + static_cast<int>(inside);
}

} // namespace zoo

static __attribute__((noinline)) int visit(const zoo::Animal &a, int n)
{
	return a.speak(n) + 1;
}

int main(int argc, char **)
{
	zoo::Cage<long> cage;
	std::vector<int> list{5, 2, 8};
	int calls = 0;
	auto compare = [&](int a, int b) {
		if (++calls == 2)
			sink = visit(cage, argc) + 1;
		return a < b;
	};
	std::sort(list.begin(), list.end(), compare);
	return list[0];
}
