/* Every instruction from begin to end is looked at: prologues and epilogues,
 * a function with many registers to save, one with its stack realigned, PLT
 * stubs that have the loader find a function, and a jump table. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

volatile int sink;
char text[32];

__attribute__((noinline)) void begin(void)
{
	write(1, "ready\n", 6);
	pause();
}

__attribute__((noinline)) void end(void)
{
	sink = -1;
}

__attribute__((noinline)) int many(int a, int b, int c, int d, int e, int f)
{
	int x[6] = {a, b, c, d, e, f};
	for (int i = 0; i < 2; i++) {
		a += x[(b + i) % 6];
		b ^= x[(c + i) % 6];
		c -= x[(d + i) % 6] * a;
		d += x[(e + i) % 6] * b;
		e ^= x[(f + i) % 6] * c;
		f += strlen(text) + (unsigned)a % 7;
	}
	return a + b + c + d + e + f + sink;
}

__attribute__((noinline)) int aligned(int n)
{
	_Alignas(64) char room[64];
	memset(room, n, sizeof room);
	char more[n + 1];
	memcpy(more, room, n);
	sink += more[n - 1] + many(1, 2, 3, 4, 5, 6);
	return room[n];
}

__attribute__((noinline)) int jumps(int n)
{
	switch (n) {
	case 0:
		return snprintf(text, sizeof text, "%d", sink);
	case 1:
		return aligned(9) + 1;
	case 2:
		return abs(sink) + 2;
	case 3:
		return many(n, n, n, n, n, n) + 3;
	default:
		return 0;
	}
}

int main(void)
{
	begin();
	for (int i = 0; i < 4; i++)
		sink += jumps(i);
	end();
	return 0;
}
