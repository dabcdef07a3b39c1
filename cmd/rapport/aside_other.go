//go:build !linux

package main

// aside does something long; elsewhere threads have no priority of their own.
func aside(do func()) { do() }
