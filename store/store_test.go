package store_test

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/store"
	"github.com/rapportengine/rapport/store/storetest"
)

func TestMain(m *testing.M) {
	runAsChild()
	goleak.VerifyTestMain(m)
}

func TestContractInMemory(t *testing.T) {
	storetest.Run(t, func(t *testing.T) *store.Store { return open(t, "", store.Options{InMemory: true}) })
}

func TestContractOnDisk(t *testing.T) {
	storetest.Run(t, func(t *testing.T) *store.Store { return open(t, t.TempDir(), store.Options{}) })
}

// What is not remembered any more is read: the same contract for a store that remembers
// next to nothing of whom subjects belong to.
func TestContractWithoutMemoryOfLinks(t *testing.T) {
	storetest.Run(t, func(t *testing.T) *store.Store {
		s := open(t, "", store.Options{InMemory: true})
		s.RememberLinks(1)
		return s
	})
}

func TestFsync(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, store.Options{Fsync: true})
	s.Start(t.Context(), nil)
	send(t, s, []engine.Command{engine.PutItem{Item: engine.Item{ID: "lamp"}}})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir, store.Options{Fsync: true})
	defer s.Close()
	if _, err := s.Item(t.Context(), "lamp"); err != nil {
		t.Errorf("Item after reopening: %v", err)
	}
}

// open opens a store; who opens it closes it.
func open(t testing.TB, dir string, o store.Options) *store.Store {
	t.Helper()
	s, err := store.Open(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}
