// A program of classes, templates, namespaces, lambdas and exceptions, for its
// debugging information.
#include <algorithm>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace shapes {

struct Shape {
	virtual ~Shape() = default;
	virtual double area() const = 0;
};

template <typename T> static inline T square(T x)
{
	return x * x;
}

struct Circle : Shape {
	double r;
	explicit Circle(double r) : r(r) {}
	double area() const override { return 3.14159 * square(r); }
};

struct Box : Shape {
	double w, h;
	Box(double w, double h) : w(w), h(h) {}
	double area() const override
	{
		if (w < 0)
			throw std::invalid_argument("negative");
		return w * h;
	}
};

namespace {
double total(const std::vector<std::unique_ptr<Shape>> &list)
{
	double sum = 0;
	for (const auto &s : list)
		sum += s->area();
	return sum;
}
} // namespace

} // namespace shapes

static __attribute__((noinline)) std::map<std::string, int> count(const std::vector<std::string> &words)
{
	std::map<std::string, int> m;
	for (const auto &w : words)
		m[w]++;
	return m;
}

int main(int argc, char **argv)
{
	std::vector<std::unique_ptr<shapes::Shape>> list;
	for (int i = 0; i < argc; i++) {
		list.push_back(std::make_unique<shapes::Circle>(i));
		list.push_back(std::make_unique<shapes::Box>(i, argc));
	}
	std::vector<std::string> words(argv, argv + argc);
	std::sort(words.begin(), words.end(), [](const std::string &a, const std::string &b) {
		return a.size() < b.size() || (a.size() == b.size() && a > b);
	});
	try {
		return static_cast<int>(shapes::total(list)) + static_cast<int>(count(words).size());
	} catch (const std::exception &e) {
		return 1;
	}
}
