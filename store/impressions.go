package store

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/dgraph-io/badger/v4"
	"github.com/klauspost/compress/s2"

	"github.com/rapportengine/rapport/engine"
)

// An impression is two rows with lives of their own. What was shown, kept for
// engine.ImpressionAge:
//
//	i | subject16 | rec16 -> version1 | at, ms | subject kind1 | subject id | request, JSON |
//	                         rest of the answer, JSON | items
//
// where items are their count and, each, 0 and the item's number or 1 and its id, kind,
// score, source and what moved it. Properties are not kept: the catalogue has them.
// And why, kept for engine.ReasonAge:
//
//	r | subject16 | rec16 -> version1 | S2 of JSON: a list of reasons for each item
//
// subject16 and rec16 are those of the recommendation id. Reasons are most of what the
// store writes under load (9 KB for ten items with seven sources) and repeat themselves;
// in version 1 they were plain.
const (
	impressionVersion = 1
	reasonsVersion    = 2
)

// maxShown bounds what a decoder allocates; a list has at most engine.MaxCount items.
const maxShown = 4 * engine.MaxCount

// PutImpressions keeps answers as they were given. Their ids are of
// engine.NewRecommendationID. What was shown to somebody erased since is left out.
func (s *Store) PutImpressions(ctx context.Context, list []engine.Impression) error {
	for len(list) > 0 {
		n := 0
		err := s.write(ctx, func(txn *badger.Txn) error {
			for n = 0; n < len(list); n++ {
				switch err := s.putImpression(txn, &list[n]); {
				case errors.Is(err, badger.ErrTxnTooBig) && n > 0:
					return nil // the transaction is full: commit, and go on in the next
				case err != nil:
					return err
				}
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("keeping %d impressions: %w", len(list), err)
		}
		list = list[n:]
	}
	return nil
}

// putImpression writes the rows of one impression. The caller holds dropping.
func (s *Store) putImpression(txn *badger.Txn, imp *engine.Impression) error {
	subject16, rec16, at, err := engine.ParseRecommendationID(imp.RecommendationID)
	if err != nil {
		return err
	}
	for _, h := range []engine.Hash16{subject16, imp.Subject.Hash()} {
		if then, ok := s.erased[h]; ok && !at.After(then) {
			return nil
		}
	}
	shown, reasons, err := s.encodeImpression(imp)
	if err != nil {
		return err
	}
	// The reasons first: if they fit and the answer does not, they are written again
	// with it in the next transaction, and never stand alone for long.
	if reasons != nil {
		if err := txn.SetEntry(s.expiring(pairKey(reasonLetter, subject16, rec16), reasons, at.Add(engine.ReasonAge))); err != nil {
			return err
		}
	}
	return txn.SetEntry(s.expiring(pairKey(impressionLetter, subject16, rec16), shown, at.Add(engine.ImpressionAge)))
}

// expiring returns an entry that goes at a time of the store's clock: Badger looks at
// the machine's.
func (s *Store) expiring(key, value []byte, at time.Time) *badger.Entry {
	e := badger.NewEntry(key, value)
	at = time.Now().Add(at.Sub(s.now()))
	e.ExpiresAt = uint64(max(at.Unix(), 1)) // 0 would be never
	return e
}

// encodeImpression returns both rows of imp; reasons is nil where it has none.
func (s *Store) encodeImpression(imp *engine.Impression) (shown, reasons []byte, err error) {
	request, err := json.Marshal(imp.Request)
	if err != nil {
		return nil, nil, fmt.Errorf("encoding the request of %s: %w", imp.RecommendationID, err)
	}
	answer := imp.Answer
	answer.Items, answer.RecommendationID = nil, ""
	head, err := json.Marshal(answer)
	if err != nil {
		return nil, nil, fmt.Errorf("encoding the answer of %s: %w", imp.RecommendationID, err)
	}
	why := make([][]engine.Reason, len(imp.Answer.Items))
	explained := false
	buf := append(make([]byte, 0, 512), impressionVersion)
	buf = binary.AppendVarint(buf, storedTime(imp.At).UnixMilli())
	buf = append(buf, byte(imp.Subject.Kind))
	buf = appendText(buf, imp.Subject.ID)
	buf = appendText(buf, string(request))
	buf = appendText(buf, string(head))
	buf = binary.AppendUvarint(buf, uint64(len(imp.Answer.Items)))
	for i := range imp.Answer.Items {
		it := &imp.Answer.Items[i]
		if n, ok := s.ids.Num(it.Item); ok {
			buf = binary.AppendUvarint(append(buf, 0), uint64(n))
		} else {
			buf = appendText(append(buf, 1), string(it.Item))
		}
		buf = appendText(buf, string(it.Kind))
		buf = appendReal(buf, it.Score)
		buf = appendText(buf, it.Source)
		buf = binary.AppendUvarint(buf, uint64(len(it.Moved)))
		for _, m := range it.Moved {
			buf = appendText(buf, m)
		}
		why[i] = it.Reasons
		explained = explained || len(it.Reasons) > 0
	}
	if explained {
		body, err := json.Marshal(why)
		if err != nil {
			return nil, nil, fmt.Errorf("encoding the reasons of %s: %w", imp.RecommendationID, err)
		}
		if len(body) > maxReasons {
			return nil, nil, engine.Invalidf(engine.CodeLimitExceeded, "", "the reasons of an impression have at most %d bytes", maxReasons)
		}
		reasons = append([]byte{reasonsVersion}, s2.Encode(nil, body)...)
	}
	if len(buf) > maxRecordBytes || len(reasons) > maxRecordBytes {
		return nil, nil, engine.Invalidf(engine.CodeLimitExceeded, "", "an impression has at most %d bytes when stored", maxRecordBytes)
	}
	return buf, reasons, nil
}

// decodeImpression reads what encodeImpression wrote, without the reasons. Bytes it
// cannot have written give an error that wraps ErrCorrupt, never a panic.
func decodeImpression(value []byte, names itemNames) (engine.Impression, error) {
	var imp engine.Impression
	in := reader{text: string(value)}
	if v := in.byte(); v != impressionVersion {
		in.fail(fmt.Errorf("version %d", v))
	}
	imp.At = in.time(in.int())
	imp.Subject = engine.Subject{Kind: engine.SubjectKind(in.byte()), ID: in.string()}
	in.json(&imp.Request)
	in.json(&imp.Answer)
	count := in.uint()
	if count > maxShown {
		in.fail(errNumber)
	}
	imp.Answer.Items = []engine.Recommended{}
	for i := uint64(0); i < count && in.err == nil; i++ {
		imp.Answer.Items = append(imp.Answer.Items, in.shown(int(i), names))
	}
	if in.err == nil && in.text != "" {
		in.err = errLeftOver
	}
	if in.err != nil {
		return engine.Impression{}, fmt.Errorf("impression: %w: %w", in.err, ErrCorrupt)
	}
	return imp, nil
}

// json reads a text of JSON into v.
func (in *reader) json(v any) {
	body := in.string()
	if in.err != nil {
		return
	}
	if err := json.Unmarshal([]byte(body), v); err != nil {
		in.fail(err)
	}
}

// shown reads the item at place i of an answer.
func (in *reader) shown(i int, names itemNames) (it engine.Recommended) {
	switch in.byte() {
	case 0:
		n := in.uint()
		if n >= uint64(names.Len()) {
			in.fail(errNumber)
			return it
		}
		it.Num = engine.ItemNum(n)
		it.Item = names.ID(it.Num)
	case 1:
		it.Item = engine.ItemID(in.string())
	default:
		in.fail(errNumber)
	}
	it.Rank = i + 1
	it.Kind = engine.Kind(in.string())
	it.Score = in.real()
	it.Source = in.string()
	moved := in.uint()
	if moved > uint64(len(in.text)) {
		in.fail(errShort)
	}
	for range moved {
		if in.err != nil {
			break
		}
		it.Moved = append(it.Moved, in.string())
	}
	return it
}

// Impression returns an answer as it was given; its reasons while they are kept. The
// error wraps engine.ErrNotFound and says whether the impression has expired, or was
// not kept or erased.
func (s *Store) Impression(ctx context.Context, id string) (engine.Impression, error) {
	subject16, rec16, at, err := engine.ParseRecommendationID(id)
	if err != nil {
		return engine.Impression{}, err
	}
	age := s.now().Sub(at)
	if age > engine.ImpressionAge {
		return engine.Impression{}, fmt.Errorf("recommendation %s has expired: answers are kept for %d days: %w",
			id, engine.ImpressionAge/(24*time.Hour), engine.ErrNotFound)
	}
	txn, done, err := s.read(ctx)
	if err != nil {
		return engine.Impression{}, err
	}
	defer done()
	value, err := get(txn, pairKey(impressionLetter, subject16, rec16))
	if err != nil {
		return engine.Impression{}, fmt.Errorf("recommendation %s was not kept, or its customer was erased: %w", id, err)
	}
	return s.whole(txn, subject16, rec16, value)
}

// whole decodes an impression and adds its reasons while they are kept.
func (s *Store) whole(txn *badger.Txn, subject16, rec16 engine.Hash16, value []byte) (engine.Impression, error) {
	at := binary.BigEndian.Uint64(rec16[:])
	id := engine.NewRecommendationID(subject16, time.UnixMilli(int64(at)), binary.BigEndian.Uint64(rec16[8:]))
	imp, err := decodeImpression(value, s.ids)
	if err != nil {
		return engine.Impression{}, fmt.Errorf("recommendation %s: %w", id, err)
	}
	imp.RecommendationID, imp.Answer.RecommendationID = id, id
	value, err = get(txn, pairKey(reasonLetter, subject16, rec16))
	if errors.Is(err, engine.ErrNotFound) {
		return imp, nil
	}
	if err == nil {
		err = addReasons(&imp, value)
	}
	return imp, err
}

func addReasons(imp *engine.Impression, value []byte) error {
	body, err := reasonsOf(value)
	var why [][]engine.Reason
	if err != nil || json.Unmarshal(body, &why) != nil || len(why) != len(imp.Answer.Items) {
		return fmt.Errorf("reasons of recommendation %s: %w", imp.RecommendationID, ErrCorrupt)
	}
	for i := range why {
		imp.Answer.Items[i].Reasons = why[i]
	}
	return nil
}

// maxReasons bounds the JSON of an impression's reasons, and with it what a damaged length
// can make a decoder allocate.
const maxReasons = 10 * maxRecordBytes

// reasonsOf returns the JSON of a row of reasons.
func reasonsOf(value []byte) ([]byte, error) {
	if plain, ok := bytes.CutPrefix(value, []byte{impressionVersion}); ok {
		return plain, nil
	}
	packed, ok := bytes.CutPrefix(value, []byte{reasonsVersion})
	if n, err := s2.DecodedLen(packed); !ok || err != nil || n > maxReasons {
		return nil, ErrCorrupt
	}
	return s2.Decode(nil, packed)
}
