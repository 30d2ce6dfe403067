// The C++ runtime at work: iostream, exceptions, threads, containers, sorting.
// Prints "caught 42", "sorted 1000" and "threads 4".
#include <algorithm>
#include <atomic>
#include <iostream>
#include <map>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

static int thrower(int depth)
{
	if (depth == 0)
		throw std::runtime_error("42");
	return thrower(depth - 1) + 1;
}

int main()
{
	try {
		thrower(20);
	} catch (const std::exception &e) {
		std::cout << "caught " << e.what() << std::endl;
	}

	std::vector<int> numbers;
	for (int i = 0; i < 1000; i++)
		numbers.push_back(i * 7919 % 1000);
	std::sort(numbers.begin(), numbers.end());
	std::map<int, std::string> names;
	for (int n : numbers)
		names[n] = std::to_string(n);
	std::cout << "sorted " << names.size() << std::endl;

	std::atomic<int> ran{0};
	std::vector<std::thread> threads;
	for (int i = 0; i < 4; i++)
		threads.emplace_back([&ran] {
			try {
				thrower(3);
			} catch (const std::exception &) {
				ran++;
			}
		});
	for (auto &t : threads)
		t.join();
	std::cout << "threads " << ran << std::endl;
	return ran == 4 ? 0 : 1;
}
