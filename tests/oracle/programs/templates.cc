/* SPDX-License-Identifier: MIT */
/* Containers, algorithms, closures, virtual functions, threads: deep inlining, small frames, thunks. */
#include <algorithm>
#include <functional>
#include <future>
#include <iostream>
#include <map>
#include <memory>
#include <numeric>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "here.h"

template <int N> struct Tower {
	KEEP static int climb(int n)
	{
		char space[N * 16 + 1] = { (char)n };

		here();
		return Tower<N - 1>::climb(n + space[n % N]) + 1;
	}
};
template <> struct Tower<0> { static int climb(int n) { here(); return n; } };

struct Shape { virtual ~Shape() { here(); } virtual int area(int n) { here(); return n; } };
struct Named { virtual ~Named() { here(); } virtual int name(int n) { here(); return n + 1; } };
struct Square : Named, Shape {
	int area(int n) override { here(); return name(n) * n; }
};
struct Diamond : virtual Shape, virtual Named {
	int area(int n) override { here(); return Shape::area(n) + n; }
	int name(int n) override { here(); return n; }
};

KEEP int pointers(int n);
KEEP int functions(int n);
KEEP int algorithms(int n);
KEEP int threads(int n);

int pointers(int n)
{
	std::vector<std::shared_ptr<Shape>> shapes;
	int sum = 0;

	shapes.push_back(std::make_shared<Square>());
	shapes.push_back(std::make_shared<Diamond>());
	for (auto &shape : shapes)
		sum += shape->area(n);
	return sum;
}

int functions(int n)
{
	std::function<int(int)> fibonacci = [&](int k) {
		here();
		return k < 2 ? k : fibonacci(k - 1) + fibonacci(k - 2);
	};
	auto bound = std::bind(fibonacci, n);

	return bound() + std::invoke(&Tower<3>::climb, n);
}

int algorithms(int n)
{
	std::map<std::string, int> counts;
	std::vector<int> numbers((size_t)n);

	std::iota(numbers.begin(), numbers.end(), 0);
	std::sort(numbers.begin(), numbers.end(), [](int a, int b) { here(); return a % 7 < b % 7; });
	std::for_each(numbers.begin(), numbers.end(), [&](int k) { here(); counts[std::to_string(k % 5)] += k; });
	std::ostringstream text;
	for (const auto &pair : counts)
		text << pair.first << '=' << pair.second << std::endl;
	return std::accumulate(numbers.begin(), numbers.end(), (int)text.str().size(),
			       [](int a, int b) { here(); return a + b; });
}

int threads(int n)
{
	std::vector<std::thread> some;
	std::promise<int> promise;
	int sums[3] = { 0 };

	for (int i = 0; i < 3; i++)
		some.emplace_back([&sums, i, n] { sums[i] = Tower<9>::climb(n + i); });
	for (auto &thread : some)
		thread.join();
	auto later = std::async(std::launch::async, functions, n);
	std::thread setter([&] { here(); promise.set_value(7); });
	setter.join();
	return sums[0] + sums[1] + sums[2] + later.get() + promise.get_future().get();
}

int main()
{
	int sum = Tower<20>::climb(3) + pointers(4) + functions(6) + algorithms(60) + threads(5);

	std::cout << sum << std::endl;
	return 0;
}
