package store_test

import (
	"testing"

	"go.uber.org/goleak"

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

func TestContractWithFsync(t *testing.T) {
	if testing.Short() {
		t.Skip("the disk's part is tested by TestContractOnDisk")
	}
	storetest.Run(t, func(t *testing.T) *store.Store { return open(t, t.TempDir(), store.Options{Fsync: true}) })
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

func runAsChild() {}
