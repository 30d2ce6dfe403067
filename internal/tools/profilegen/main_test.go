package main

import (
	"bytes"
	"os"
	"testing"
)

// TestGenerated fails when a profile was changed and its Go form was not.
func TestGenerated(t *testing.T) {
	want, err := generate()
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("../../../rules/zprofiles.go")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("rules/zprofiles.go is not what rules/profiles says: run go generate ./rules")
	}
}
