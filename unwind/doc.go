// Package unwind makes backtraces.
package unwind
