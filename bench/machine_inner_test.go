package bench

import (
	"maps"
	"slices"
	"testing"
	"time"
)

func TestAccount(t *testing.T) {
	const before = `cpu  100 10 50 1000 20 5 5 30 0 0
cpu0 50 5 25 500 10 2 3 15 0 0
cpu1 50 5 25 500 10 3 2 15 0 0
intr 1 2 3
`
	const after = `cpu  150 10 60 1100 20 5 5 50 0 0
cpu0 50 5 25 500 10 2 3 15 0 0
cpu1 50 5 25 500 10 3 2 15 0 0
`
	var a, b account
	if err := a.parse(before); err != nil {
		t.Fatal(err)
	}
	if err := b.parse(after); err != nil {
		t.Fatal(err)
	}
	if a.busy != 1700*time.Millisecond || a.stolen != 300*time.Millisecond || a.processors != 2 {
		t.Errorf("before: %+v", a)
	}
	a.at = time.Unix(0, 0)
	b.at = a.at.Add(time.Second)
	b.own = 250 * time.Millisecond
	var m Machine
	m.spent(a, b, 150*time.Millisecond)
	// 600 ms of 2 processors' second, without 400 ms of our own.
	if m.Others != 0.1 || m.Stolen != 0.1 {
		t.Errorf("others %v, stolen %v", m.Others, m.Stolen)
	}
	if !m.Busy() {
		t.Error("a machine that has a tenth stolen is not busy")
	}
	if m = (Machine{Others: mostOthers, Stolen: mostStolen}); m.Busy() {
		t.Error("busy at the limit")
	}
	m.spent(a, a, 0)
	if m.Others != mostOthers {
		t.Error("no time has a share")
	}
	for _, text := range []string{"", "intr 1\n", "cpu  1 x 2\ncpu0 1\n"} {
		if err := new(account).parse(text); err == nil {
			t.Errorf("parse(%q) is no error", text)
		}
	}
}

func TestTakeAccount(t *testing.T) {
	a, err := takeAccount()
	if err != nil {
		t.Fatal(err)
	}
	if a.processors < 1 || a.busy <= 0 || a.own <= 0 {
		t.Errorf("account %+v", a)
	}
}

func TestParseCores(t *testing.T) {
	for text, want := range map[string][]int{
		"0-2,5\n": {0, 1, 2, 5},
		"7":       {7},
		"":        nil,
		"x,3-y,4": {4},
	} {
		if got := slices.Sorted(maps.Keys(parseCores(text))); !slices.Equal(got, want) {
			t.Errorf("parseCores(%q) = %v, want %v", text, got, want)
		}
	}
}

func TestChooseCores(t *testing.T) {
	c, err := ChooseCores()
	if err != nil {
		t.Fatal(err)
	}
	if c.One < 0 || c.One == c.Other {
		t.Errorf("cores %+v", c)
	}
}
