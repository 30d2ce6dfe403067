// Counts the words of standard input in a hash table, and prints the ten that
// are there most often.
#include <algorithm>
#include <iostream>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

int main()
{
	std::ios::sync_with_stdio(false);
	std::unordered_map<std::string, long> count;
	for (std::string word; std::cin >> word;)
		count[word]++;
	std::vector<std::pair<long, std::string>> list;
	for (const auto &[word, n] : count)
		list.emplace_back(n, word);
	std::sort(list.rbegin(), list.rend());
	for (std::size_t i = 0; i < list.size() && i < 10; i++)
		std::cout << list[i].first << ' ' << list[i].second << '\n';
	return list.empty();
}
