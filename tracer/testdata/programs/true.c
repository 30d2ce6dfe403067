/*
 * Ends at once, by way of the C library.
 * build: -static
 */
int main(void)
{
	return 0;
}
