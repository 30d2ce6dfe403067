/*
 * Loads the mathematics library at run time, long after its entry point, and
 * prints cos(0). A policy that closes files at the entry point must refuse
 * it: dlopen then fails, which it reports with status 3.
 * build: -ldl
 */
#include <dlfcn.h>
#include <stdio.h>

int main(void)
{
	void *lib = dlopen("libm.so.6", RTLD_NOW);
	double (*cosine)(double);

	if (!lib) {
		fprintf(stderr, "%s\n", dlerror());
		return 3;
	}
	*(void **)&cosine = dlsym(lib, "cos");
	if (!cosine)
		return 1;
	printf("%.1f\n", cosine(0));
	return 0;
}
