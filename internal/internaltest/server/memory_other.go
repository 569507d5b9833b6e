//go:build !linux

package server

// InMemory does nothing here.
func InMemory() {}
