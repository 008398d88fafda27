/* SPDX-License-Identifier: MIT */
/* Looking from within catch clauses, and from destructors and cleanups while an exception unwinds. */
#include <exception>
#include <new>
#include <stdexcept>
#include <string>
#include <vector>

#include "here.h"

struct Guard {
	explicit Guard(int n) : n(n), text(std::to_string(n)) { here(); }
	Guard(const Guard &other) : n(other.n), text(other.text) { here(); }
	KEEP ~Guard() { here(); }
	int n;
	std::string text;
};

KEEP int thrower(int n);
KEEP int through(int n);
KEEP int catcher(int n);
KEEP int again(int n);
KEEP int translated(int n);
KEEP int in_destructor(int n);
KEEP int filtered(int n) noexcept;

int thrower(int n)
{
	Guard g(n);

	if (n % 3 == 0)
		throw std::runtime_error("three");
	if (n % 3 == 1)
		throw n;
	throw Guard(n);
}

int through(int n)
{
	Guard a(n), b(n + 1);
	std::vector<Guard> some(3, a);
	int r = n > 5 ? through(n - 1) : thrower(n);

	here();
	return r + a.n + b.n;
}

int catcher(int n)
{
	try {
		return through(n);
	} catch (const std::exception &e) {
		here();
		return (int)std::string(e.what()).size();
	} catch (int m) {
		here();
		return m;
	} catch (...) {
		here();
		return 0;
	}
}

int again(int n)
{
	try {
		Guard g(n);
		through(n);
	} catch (...) {
		here();
		throw;
	}
	return 1;
}

int translated(int n)
{
	try {
		again(n);
	} catch (...) {
		here();
		std::throw_with_nested(std::logic_error("translated"));
	}
	return 1;
}

struct Inner {
	int n;
	~Inner() { catcher(n); here(); }	/* an exception within the unwinding of another */
};

int in_destructor(int n)
{
	try {
		Inner i = { n };
		thrower(n);
	} catch (...) {
		here();
		return catcher(n + 1);
	}
	return 0;
}

int filtered(int n) noexcept
{
	try {
		return translated(n);
	} catch (const std::exception &e) {
		here();
		try {
			std::rethrow_if_nested(e);
		} catch (...) {
			here();
		}
	}
	return 2;
}

int main()
{
	int sum = 0;

	for (int n = 3; n < 12; n++)
		sum += catcher(n) + filtered(n) + in_destructor(n);
	try {
		sum += new char[(size_t)1 << 60] != nullptr;
	} catch (const std::bad_alloc &) {
		here();
	}
	return sum == 42;
}
