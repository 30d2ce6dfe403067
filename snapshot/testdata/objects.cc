// Templates, virtual calls and a string on the heap.
#include <iostream>
#include <map>
#include <string>
#include <unistd.h>
#include <vector>

std::string known = "a string that is longer than what a string object holds in itself";
std::map<std::string, std::vector<int>> table;

struct shape {
	virtual void wait(int depth) = 0;
	virtual ~shape() {}
};

template <typename T> struct box : shape {
	T value;
	explicit box(T v) : value(v) {}
	void wait(int depth) override
	{
		if (depth > 0) {
			wait(depth - 1);
			return;
		}
		std::cout << "ready" << std::endl;
		for (;;)
			pause();
	}
};

int main()
{
	for (int i = 0; i < 100; i++)
		table[std::to_string(i)] = std::vector<int>(i, i);
	box<std::string> b(known);
	static_cast<shape &>(b).wait(4);
}
