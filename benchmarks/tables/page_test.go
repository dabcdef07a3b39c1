package main

import (
	"bytes"
	"os"
	"testing"
)

// The page says what the results file says.
func TestPageIsOfTheResults(t *testing.T) {
	want, err := pageOf("../results.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("../../docs/results.md")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("docs/results.md is not what the results are: run go run ./benchmarks/tables -page docs/results.md")
	}
}
