/*
 * build: -Wl,--dynamic-linker=/put/the/interpreter/here/................................................................................................................
 * A program whose interpreter a test puts in.
 */
int main(void) { return 0; }
