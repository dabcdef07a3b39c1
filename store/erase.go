package store

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"github.com/dgraph-io/badger/v4"

	"github.com/rapportengine/rapport/engine"
)

// Erasing is dropping key prefixes: a plain delete leaves a row readable in Badger's
// files until it happens to be compacted away, DropPrefix rewrites the files without
// it. It takes some tenths of a second, during which writes wait.
//
// It goes in steps that can be taken again: (1) the receipt, the tail entry and a row
// P that says whom are committed; (2) links are mended, rows of hashes deleted, the
// prefixes dropped; (3) P is deleted. Open does (2) and (3) where it finds a P.

// erasedMemory is how long late impressions of an erased subject are kept out. The
// writers above hold them back for seconds.
const erasedMemory = time.Hour

// erasure is what row P holds, as a record: whom to erase, and where else their words
// may lie.
type erasure struct {
	Subjects hashes   `json:"subjects"`
	Prefixes [][]byte `json:"prefixes"` // tickets filed under others before
}

// hashes are written as one run of bytes, so that some forty thousand fit into a record.
type hashes []engine.Hash16

// MarshalText returns the hashes in base64.
func (list hashes) MarshalText() ([]byte, error) {
	raw := make([]byte, 0, len(list)*hashBytes)
	for _, h := range list {
		raw = append(raw, h[:]...)
	}
	return base64.RawStdEncoding.AppendEncode(nil, raw), nil
}

// UnmarshalText is MarshalText's inverse.
func (list *hashes) UnmarshalText(text []byte) error {
	raw, err := base64.RawStdEncoding.AppendDecode(nil, text)
	if err != nil || len(raw)%hashBytes != 0 {
		return fmt.Errorf("list of hashes: %w", ErrCorrupt)
	}
	for ; len(raw) > 0; raw = raw[hashBytes:] {
		*list = append(*list, engine.Hash16(raw))
	}
	return nil
}

func (list hashes) set() map[engine.Hash16]bool {
	set := make(map[engine.Hash16]bool, len(list))
	for _, h := range list {
		set[h] = true
	}
	return set
}

// erase carries out an Erase between two groups.
func (c *committer) erase(r *request, i int, cmd engine.Erase) outcome {
	receipt, seq, err := c.s.erase(cmd.Subject)
	if seq != 0 {
		c.observe([]engine.Committed{{Seq: seq, At: receipt.At, Subject: cmd.Subject, Erased: receipt}})
	}
	return outcome{r, i, engine.Result{Seq: seq, Erased: receipt, Err: err}}
}

// erase erases a subject and all that belongs to it. seq is 0 where nothing was done.
// With an error and a seq the erasure stands and is finished by the next Open.
func (s *Store) erase(subject engine.Subject) (receipt *engine.Erasure, seq uint64, err error) {
	if subject.IsZero() {
		return nil, 0, engine.Invalidf(engine.CodeMissingField, "customer_id", "an erasure names a customer")
	}
	if cause := s.broken.Load(); cause != nil {
		return nil, 0, fmt.Errorf("%w: %w", ErrBroken, *cause)
	}
	// It makes room, but to do so writes tables anew: where there is none for these the process would end.
	if err := s.room(s.minFree / 2); err != nil {
		return nil, 0, fmt.Errorf("erasing: %w", err)
	}
	s.dropping.Lock()
	defer s.dropping.Unlock()
	txn := s.db.NewTransaction(true)
	defer txn.Discard()
	root, err := s.rootOf(txn, subject.Hash())
	if err != nil {
		return nil, 0, fmt.Errorf("erasing: %w", err)
	}
	u, err := whomToErase(txn, root)
	if err != nil {
		return nil, 0, fmt.Errorf("erasing: %w", err)
	}
	if receipt, err = s.receipt(txn, u); err != nil {
		return nil, 0, fmt.Errorf("erasing: %w", err)
	}
	seq = s.Seq() + 1
	if err := s.commitErasure(txn, seq, receipt, u); err != nil {
		return nil, 0, err
	}
	// Its number is told when the rows are gone: who reads meanwhile reads as of before it.
	err = s.finishErasure(receipt.Receipt, u)
	s.seq.Store(seq)
	if err != nil {
		s.log.Error("store: an erasure is unfinished", "receipt", receipt.Receipt, "err", err)
		return receipt, seq, fmt.Errorf("erasing, to be finished when the store is opened again: %w", err)
	}
	s.forget(u, receipt.At)
	return receipt, seq, nil
}

// whomToErase gathers root and all that belongs to it.
func whomToErase(txn *badger.Txn, root engine.Hash16) (*erasure, error) {
	all, err := members(txn, root)
	if err != nil {
		return nil, err
	}
	u := &erasure{Subjects: all}
	for _, h := range u.Subjects {
		if err := u.addFormer(txn, h); err != nil {
			return nil, err
		}
	}
	return u, nil
}

// addFormer adds the places where tickets of h lay before, with what they said there.
func (u *erasure) addFormer(txn *badger.Txn, h engine.Hash16) error {
	type place struct{ former, ticket engine.Hash16 }
	var places []place
	err := eachKey(txn, hashKey(formerLetter, h), func(key []byte) error {
		if len(key) != 1+3*hashBytes {
			return fmt.Errorf("former home %x: %w", key, ErrCorrupt)
		}
		places = append(places, place{secondHash(key), engine.Hash16(key[1+2*hashBytes:])})
		return nil
	})
	if err != nil {
		return err
	}
	for _, p := range places {
		switch home, err := ticketHome(txn, p.ticket); {
		case err == nil && home == p.former:
			continue // it went back there: not theirs any more
		case err != nil && !errors.Is(err, engine.ErrNotFound):
			return err
		}
		u.Prefixes = append(u.Prefixes, pairKey(ticketLetter, p.former, p.ticket))
		var said []engine.Hash16
		err := eachKey(txn, hashKey(outcomeLetter, p.ticket), func(key []byte) error {
			said = append(said, secondHash(key))
			return nil
		})
		if err != nil {
			return err
		}
		for _, event16 := range said {
			theirs, err := has(txn, eventKey(p.former, event16, 0)) // sent as an event, it stayed
			if err != nil {
				return err
			}
			if !theirs {
				u.Prefixes = append(u.Prefixes, pairKey(eventLetter, p.former, event16), pairKey(beforeLetter, p.former, event16))
			}
		}
	}
	return nil
}

// members returns root and all that is the same person's, root first. It reads every
// link, half a second for a million: it is for erasures and answers to the law.
func members(txn *badger.Txn, root engine.Hash16) (hashes, error) {
	all, err := owned(txn, root)
	if err != nil {
		return nil, err
	}
	list := hashes(all)
	// Sessions linked before they had rows of their own are nobody's to own, but
	// their impressions and names are this person's.
	known := list.set()
	err = each(txn, []byte{forwardLetter}, func(key, value []byte) error {
		l, err := decodeLink(key, value)
		if err == nil && !known[l.from] && known[l.into] && l.owner == (engine.Hash16{}) {
			list = append(list, l.from)
		}
		return err
	})
	return list, err
}

// ticketHome returns the subject a ticket is filed under; the error wraps
// engine.ErrNotFound where there is no such ticket.
func ticketHome(txn *badger.Txn, ticket16 engine.Hash16) (engine.Hash16, error) {
	value, err := get(txn, hashKey(ticketHomeLetter, ticket16))
	if err != nil {
		return engine.Hash16{}, err
	}
	return decodeHome(value)
}

// receipt counts what is about to go, and names the backups it stays in. Impressions
// that wait in memory to be written are not counted: they never will be.
func (s *Store) receipt(txn *badger.Txn, u *erasure) (*engine.Erasure, error) {
	out := &engine.Erasure{Receipt: rand.Text(), At: storedTime(s.now())}
	var err error
	if out.Backups, err = backups(txn); err != nil {
		return nil, err
	}
	for _, h := range u.Subjects {
		out.Subjects = append(out.Subjects, h.String())
		shown, err := s.shown.Count(h)
		if err != nil {
			return nil, journalError(err)
		}
		out.Impressions += shown
		for _, count := range []struct {
			letter   byte
			keyBytes int
			n        *int
		}{
			{eventLetter, eventKeyBytes, &out.Interactions},
			{ticketLetter, pairKeyBytes, &out.Tickets},
			{customerLetter, hashKeyBytes, &out.Records},
		} {
			err := eachKey(txn, hashKey(count.letter, h), func(key []byte) error {
				if len(key) == count.keyBytes {
					*count.n++
				}
				return nil
			})
			if err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

// commitErasure is step 1. It may use the room held in reserve: it is about to make some.
func (s *Store) commitErasure(txn *badger.Txn, seq uint64, receipt *engine.Erasure, u *erasure) error {
	value, err := encodeRecord("receipt", seq, receipt)
	if err != nil {
		return err
	}
	whom, err := encodeRecord("list of erased subjects", seq, u)
	if err != nil {
		return err
	}
	tail := appendTail(nil, receipt.At, []change{{kind: tailErased, text: receipt.Receipt}})
	for _, row := range []entry{
		{textKey(receiptLetter, receipt.Receipt), value},
		{textKey(unfinishedLetter, receipt.Receipt), whom},
		{numberedKey(tailLetter, seq), tail},
	} {
		if err := txn.Set(row.key, row.value); err != nil {
			return fmt.Errorf("erasing: %w", err)
		}
	}
	if err := s.commit(txn); err != nil {
		return s.failed(err)
	}
	return nil
}

// forget clears the erased out of memory. The caller holds dropping and is the
// committer, or nobody reads yet.
func (s *Store) forget(u *erasure, at time.Time) {
	gone := u.Subjects.set()
	s.namesMu.Lock()
	s.names.forget(func(h engine.Hash16, _ engine.Subject) bool { return gone[h] })
	s.namesMu.Unlock()
	owners := make(map[uint64]bool, len(gone))
	for h := range gone {
		owners[ownerTag(h)] = true
	}
	s.seen.forget(func(_ engine.Hash16, owner uint64) bool { return owners[owner] })
	for h, then := range s.erased {
		if at.Sub(then) > erasedMemory {
			delete(s.erased, h)
		}
	}
	for _, h := range u.Subjects {
		s.erased[h] = at
	}
}

// erasedMeanwhile reports whether a name was not found because its subject was erased
// since the reading began: an iterator still holds the rows that were dropped, a look-up
// does not. It waits for an erasure that is under way.
func (s *Store) erasedMeanwhile(h engine.Hash16, err error) bool {
	if !errors.Is(err, engine.ErrNotFound) {
		return false
	}
	s.dropping.RLock()
	defer s.dropping.RUnlock()
	_, erased := s.erased[h]
	return erased
}

// goneMeanwhile reports whether a subject was erased since the reading began, of which an iterator
// may still hold the name. Only of who was erased lately is it looked up: they may be back.
func (s *Store) goneMeanwhile(txn *badger.Txn, h engine.Hash16) (bool, error) {
	if !s.erasedMeanwhile(h, engine.ErrNotFound) {
		return false, nil
	}
	_, err := s.nameOf(txn, h)
	if errors.Is(err, engine.ErrNotFound) {
		return true, nil
	}
	return false, err
}

// finishErasures finishes what a crash left unfinished.
func (s *Store) finishErasures() error {
	unfinished := make(map[string]*erasure)
	err := s.db.View(func(txn *badger.Txn) error {
		return each(txn, []byte{unfinishedLetter}, func(key, value []byte) error {
			u, _, err := decodeRecord[erasure]("unfinished erasure", value)
			unfinished[string(key[1:])] = &u
			return err
		})
	})
	if err != nil {
		return err
	}
	for receipt, u := range unfinished {
		if err := s.finishErasure(receipt, u); err != nil {
			return fmt.Errorf("finishing erasure %s: %w", receipt, err)
		}
	}
	return nil
}

// Erasure returns the receipt of an erasure. The error wraps engine.ErrNotFound where
// there is none.
func (s *Store) Erasure(ctx context.Context, receipt string) (engine.Erasure, error) {
	txn, done, err := s.read(ctx)
	if err != nil {
		return engine.Erasure{}, err
	}
	defer done()
	out, err := receiptOf(txn, receipt)
	if err != nil {
		return engine.Erasure{}, err
	}
	return *out, nil
}

func receiptOf(txn *badger.Txn, receipt string) (*engine.Erasure, error) {
	value, err := get(txn, textKey(receiptLetter, receipt))
	if err != nil {
		return nil, fmt.Errorf("erasure %q: %w", receipt, err)
	}
	out, _, err := decodeRecord[engine.Erasure]("receipt", value)
	return &out, err
}
