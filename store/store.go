// Package store keeps every durable thing of one workspace in one directory: the log
// of what happened, items, customers, tickets, scenarios, impressions, models and
// checkpoints. It is the only package that knows Badger.
//
// All writes of the first kind are commands that pass one committer, which numbers
// them, commits them in groups and hands them on in that order. What is acknowledged
// survives the end of the process; with Options.Fsync also a power cut.
//
// The store never ranks, weighs or judges: it keeps, finds and forgets.
package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dgraph-io/badger/v4"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/catalogue"
	"github.com/rapportengine/rapport/store/journal"
)

// Options say how a store is to behave. The zero value is good.
type Options struct {
	// InMemory keeps everything in memory and nothing on disk, for tests and trials.
	// Open's directory must then be empty.
	InMemory bool
	// Fsync has every commit wait for the disk, so that it survives a power cut too.
	// Without it a power cut may cost the last second or so; a crash costs nothing.
	Fsync bool
	// MinFree is how many bytes must be free on the volume for the store to accept a
	// write, and half of it to open; 0 means DefaultMinFree, below 0 none. Badger's files are mapped into
	// memory, so running into a full disk would kill the process: this keeps away from it.
	MinFree int64
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// Log hears what Badger warns of; nil means silence.
	Log *slog.Logger
}

// DefaultMinFree holds two memtables with their logs (2 x 18 MiB), the tables they
// become and the compactions under way.
const DefaultMinFree = 128 << 20

const (
	// formatVersion rises when an older program could not read what a newer one wrote.
	// 2: settings, changed events, outcomes counted once, merged rows that move.
	// 3: impressions in journals.
	formatVersion = 3
	// valueThreshold is Badger's largest: what is smaller lies in its tables and not
	// in its value log, which an erasure would not reach. Nothing larger is written, so
	// the value log stays empty and needs no collecting.
	valueThreshold = 1 << 20
	// recentEvents is how many event ids are remembered at least to tell a retry from
	// news: about 30 bytes each, twice as many at most.
	recentEvents = 1 << 16
	// recentNames is how many subjects are remembered at least as already named.
	recentNames = 1 << 15
	// recentLinks is of how many subjects it is remembered at least whom they belong to:
	// about 40 bytes each, twice as many at most.
	recentLinks = 1 << 16
	// syncEvery bounds what a power cut can cost without Options.Fsync.
	syncEvery = time.Second
)

// Store is one open store. Its methods are safe for concurrent use.
type Store struct {
	dir string // "" in memory
	db  *badger.DB
	now func() time.Time
	log *slog.Logger
	ids *catalogue.IDs

	fsync   bool
	minFree int64
	free    func(dir string) (int64, bool) // freeBytes, but for tests
	commit  func(*badger.Txn) error        // Txn.Commit, but for tests

	maxEntries, maxBytes int64 // of one transaction, with some slack
	nextBlob             atomic.Uint64

	shown, reasons *journal.Journal // see impressions.go
	trimmed        atomic.Int64     // when they were last looked through for what has expired, Unix milliseconds

	seq    atomic.Uint64         // of the newest commit
	broken atomic.Pointer[error] // why nothing is written any more, or nil
	queue  queue
	idle   sync.WaitGroup // the committer and the syncer

	// view is held for writing while a commit becomes visible together with its item
	// numbers and links, and for reading while a transaction or a link is taken, so
	// that no reader sees rows whose items it cannot name.
	view  sync.RWMutex
	links *linkTable // what is linked anew is put in with view held for writing

	// dropping is held for writing while an erasure or WipeModel drops prefixes, during
	// which Badger refuses writes, and for reading by writers.
	dropping sync.RWMutex
	erased   map[engine.Hash16]time.Time // guarded by dropping; erased lately, so that no late impression returns

	namesMu sync.Mutex // guards names
	names   *recall[engine.Hash16, engine.Subject]

	edited map[uint64]bool // the committer's own; ownerTag of subjects with events changed by hand

	seen *recall[engine.Hash16, uint64] // the committer's own; eventID.key -> owner

	usersMu sync.Mutex // guards closed, and orders users.Add before Close's Wait
	closed  bool
	users   sync.WaitGroup // calls under way
}

// Open opens the store in dir, creating it if there is none. It finishes what an
// interrupted erasure or model left behind. The errors are ErrLocked (a *LockedError),
// ErrNewerFormat, ErrDiskFull and ErrCorrupt, or the system's.
func Open(dir string, o Options) (*Store, error) {
	if o.InMemory != (dir == "") {
		return nil, errors.New("opening the store: it needs a directory, or to be in memory")
	}
	s := &Store{
		dir: dir, now: o.Now, log: o.Log, ids: catalogue.NewIDs(),
		fsync: o.Fsync, minFree: o.MinFree, free: freeBytes, commit: (*badger.Txn).Commit,
		links:  newLinkTable(recentLinks),
		erased: make(map[engine.Hash16]time.Time),
		edited: make(map[uint64]bool),
		names:  newRecall[engine.Hash16, engine.Subject](recentNames),
		seen:   newRecall[engine.Hash16, uint64](recentEvents),
	}
	if s.now == nil {
		s.now = time.Now
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.minFree == 0 {
		s.minFree = DefaultMinFree
	}
	s.queue.wake = make(chan struct{}, 1)
	if err := s.openFiles(); err != nil {
		return nil, err
	}
	if err := s.load(); err != nil {
		return nil, fmt.Errorf("opening the store: %w", errors.Join(err, s.closeFiles()))
	}
	if err := s.SetHolder(""); err != nil {
		return nil, errors.Join(err, s.closeFiles())
	}
	return s, nil
}

// openFiles opens Badger, which locks the directory, and the journals.
func (s *Store) openFiles() error {
	if err := s.openDB(); err != nil {
		return err
	}
	if err := s.openShown(); err != nil {
		return fmt.Errorf("opening the store: %w", errors.Join(err, s.db.Close()))
	}
	return nil
}

// closeFiles closes what openFiles opened: what holds the lock last.
func (s *Store) closeFiles() error { return errors.Join(s.closeShown(), s.db.Close()) }

// load brings into memory what the committer and the readers need at hand, and clears
// away what was left unfinished.
func (s *Store) load() error {
	for _, step := range []func() error{
		s.checkFormat, s.finishErasures, s.loadTables, s.dropUnfinishedBlobs, s.trimShown,
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// loadTables reads what is held in memory, each table beside the others.
func (s *Store) loadTables() error {
	tables := []func() error{s.loadNumbers, s.loadEdited, s.loadTail}
	failed := make([]error, len(tables))
	var loading sync.WaitGroup
	for i, load := range tables {
		loading.Go(func() { failed[i] = load() })
	}
	loading.Wait()
	return errors.Join(failed...)
}

// Start begins to take commands. observe is called by the committer with each group,
// in order, after it is durable and before its callers are released; it must not
// append. Nil observes nothing. When ctx ends the store takes no more commands, but
// finishes those it took. Start is called once, after the tail was replayed.
func (s *Store) Start(ctx context.Context, observe func([]engine.Committed)) {
	if observe == nil {
		observe = func([]engine.Committed) {}
	}
	s.queue.open()
	stop := context.AfterFunc(ctx, s.queue.close)
	ended := make(chan struct{})
	s.idle.Go(func() {
		defer close(ended)
		defer stop()
		c := committer{s: s, observe: observe}
		for {
			waiting, more := s.queue.take()
			c.commitAll(waiting)
			if !more {
				return
			}
		}
	})
	if s.dir != "" && !s.fsync {
		s.idle.Go(func() { s.syncUntil(ended) })
	}
}

// syncUntil has the disk catch up every syncEvery, where there was a commit.
func (s *Store) syncUntil(ended <-chan struct{}) {
	tick := time.NewTicker(syncEvery)
	defer tick.Stop()
	synced := s.Seq()
	for {
		select {
		case <-ended:
			return
		case <-tick.C:
		}
		if seq := s.Seq(); seq != synced {
			if err := s.db.Sync(); err != nil {
				s.log.Error("store: syncing to disk", "err", err)
				continue
			}
			synced = seq
		}
	}
}

// Close finishes the commands it took, waits for reads under way and closes the
// directory. Calls that come later get ErrClosed. Closing twice is harmless.
func (s *Store) Close() error {
	s.queue.close()
	s.idle.Wait()
	s.usersMu.Lock()
	again := s.closed
	s.closed = true
	s.usersMu.Unlock()
	if again {
		return nil
	}
	s.users.Wait()
	if s.dir != "" {
		_ = os.Remove(filepath.Join(s.dir, holderFile)) // a stale note does no harm
	}
	if err := s.closeFiles(); err != nil {
		return fmt.Errorf("closing the store: %w", err)
	}
	return nil
}

// IDs returns the table of item ids and numbers. Only the store adds to it.
func (s *Store) IDs() *catalogue.IDs { return s.ids }

// Seq returns the number of the newest committed command, 0 where there is none.
func (s *Store) Seq() uint64 { return s.seq.Load() }

// enter keeps the store from being closed until leave is called.
func (s *Store) enter() (leave func(), err error) {
	s.usersMu.Lock()
	defer s.usersMu.Unlock()
	if s.closed {
		return nil, ErrClosed
	}
	s.users.Add(1)
	return s.users.Done, nil
}

// read begins a consistent read: a transaction as of now. done ends it.
func (s *Store) read(ctx context.Context) (txn *badger.Txn, done func(), err error) {
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	leave, err := s.enter()
	if err != nil {
		return nil, nil, err
	}
	s.view.RLock()
	txn = s.db.NewTransaction(false)
	s.view.RUnlock()
	return txn, func() { txn.Discard(); leave() }, nil
}

// readOf begins a read about a subject: of the same moment are the transaction and
// root, the subject it belongs to.
func (s *Store) readOf(ctx context.Context, subject engine.Hash16) (txn *badger.Txn, root engine.Hash16, done func(), err error) {
	if err := ctx.Err(); err != nil {
		return nil, root, nil, err
	}
	leave, err := s.enter()
	if err != nil {
		return nil, root, nil, err
	}
	s.view.RLock()
	txn = s.db.NewTransaction(false)
	root, err = s.rootOf(txn, subject)
	s.view.RUnlock()
	done = func() { txn.Discard(); leave() }
	if err != nil {
		done()
		return nil, root, nil, err
	}
	return txn, root, done, nil
}
