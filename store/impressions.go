package store

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/dgraph-io/badger/v4"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/catalogue"
	"github.com/rapportengine/rapport/store/journal"
)

// An impression is two rows with lives of their own, in journals of their own under the
// subject16 and rec16 of its id. What was shown, kept for engine.ImpressionAge, in shown:
//
//	version 2 | at, ms | subject kind1 | subject id | request |
//	                         rest of the answer | items
//
// where the request is the texts of plainTexts, its count, and what else it says as JSON or
// nothing; the rest of the answer is its texts, bits, numbers and lists, in the order of
// appendRest, and of a ticket's the action and, where it is known, the confidence; and items
// are their count and, each, 0 and the item's number or 1 and its id,
// kind, score, source and what moved it; kinds and sources are names (see nameEncoder). Properties are not kept: the catalogue has them.
// In version 1 the request and the rest of the answer were JSON.
//
// And why, kept for engine.ReasonAge:
//
//	see reasonsVersion
//
// Both rows are written under load, one for every answer: so without reflection, what an
// answer repeats stands once, and not into Badger, whose merging of tables in the background
// stood in the way of answers for tenths of a second (decision 014).
const (
	oldImpressionVersion = 1
	impressionVersion    = 2
)

// maxShown bounds what a decoder allocates; a list has at most engine.MaxCount items.
const maxShown = 4 * engine.MaxCount

// The directories of the journals within the store's, and how much longer than asked a row
// may lie in them.
const (
	shownDir     = "shown"
	reasonsDir   = "reasons"
	reasonsLasts = time.Hour // a day is all the time they have
	// trimEvery is how often what has expired is looked for.
	trimEvery = 10 * time.Minute
)

// openShown opens the journals of impressions.
func (s *Store) openShown() error {
	within := func(dir string) string {
		if s.dir == "" {
			return ""
		}
		return filepath.Join(s.dir, dir)
	}
	var err error
	if s.shown, err = journal.Open(within(shownDir), journal.Options{Sync: s.fsync}); err != nil {
		return fmt.Errorf("impressions: %w", journalError(err))
	}
	if s.reasons, err = journal.Open(within(reasonsDir), journal.Options{Sync: s.fsync, SegmentLasts: reasonsLasts}); err != nil {
		return fmt.Errorf("reasons of impressions: %w", errors.Join(journalError(err), s.shown.Close()))
	}
	return nil
}

// closeShown closes them.
func (s *Store) closeShown() error { return errors.Join(s.shown.Close(), s.reasons.Close()) }

// journalError says of an error of a journal what the store calls it.
func journalError(err error) error {
	if errors.Is(err, journal.ErrCorrupt) {
		return fmt.Errorf("%w: %w", err, ErrCorrupt)
	}
	return writeError(err)
}

// PackImpression returns what PutImpressions keeps of an answer as it was given, which refers to nothing
// of imp but its id and subject. The bytes lie in room, which it returns longer, or where that is too
// small in room anew. The error is an *engine.Invalid where they would be too many.
func (s *Store) PackImpression(room []byte, imp *engine.Impression) (engine.PackedImpression, []byte, error) {
	e := impressionEncoders.Get().(*impressionEncoder)
	defer impressionEncoders.Put(e)
	shown, reasons, room, err := e.encode(room, imp, s.ids)
	if err != nil {
		return engine.PackedImpression{}, room, err
	}
	return engine.PackedImpression{RecommendationID: imp.RecommendationID, Subject: imp.Subject, Shown: shown, Reasons: reasons}, room, nil
}

// UnpackImpression returns the impression that was packed.
func (s *Store) UnpackImpression(p engine.PackedImpression) (engine.Impression, error) {
	imp, err := decodeImpression(p.Shown, s.ids)
	if err != nil {
		return engine.Impression{}, fmt.Errorf("recommendation %s: %w", p.RecommendationID, err)
	}
	imp.RecommendationID, imp.Answer.RecommendationID = p.RecommendationID, p.RecommendationID
	if p.Reasons != nil {
		err = addReasons(&imp, p.Reasons)
	}
	return imp, err
}

// PutImpressions keeps impressions of PackImpression. Their ids are of
// engine.NewRecommendationID. What was shown to somebody erased since is left out.
func (s *Store) PutImpressions(ctx context.Context, list []engine.PackedImpression) error {
	if err := s.roomToWrite(); err != nil {
		return err
	}
	done, err := s.writing(ctx)
	if err != nil {
		return err
	}
	defer done()
	rows := impressionRows.Get().(*shownRows)
	defer rows.release()
	for i := range list {
		if err := s.addRows(rows, &list[i]); err != nil {
			return fmt.Errorf("keeping %d impressions: %w", len(list), err)
		}
	}
	// The reasons first, as they are nothing without the answer they are of.
	if err := errors.Join(s.reasons.Append(rows.reasons), s.shown.Append(rows.shown), s.trimShown()); err != nil {
		return fmt.Errorf("keeping %d impressions: %w", len(list), journalError(err))
	}
	return nil
}

// addRows adds the rows of one impression. The caller holds dropping.
func (s *Store) addRows(rows *shownRows, imp *engine.PackedImpression) error {
	subject16, rec16, at, err := engine.ParseRecommendationID(imp.RecommendationID)
	if err != nil {
		return err
	}
	for _, h := range []engine.Hash16{subject16, imp.Subject.Hash()} {
		if then, ok := s.erased[h]; ok && !at.After(then) {
			return nil
		}
	}
	key := journal.Key{Subject: subject16, ID: rec16}
	rows.shown = append(rows.shown, journal.Row{Key: key, Value: imp.Shown})
	if imp.Reasons != nil {
		rows.reasons = append(rows.reasons, journal.Row{Key: key, Value: imp.Reasons})
	}
	return nil
}

// shownRows are the rows of a batch, in room that is used again.
type shownRows struct{ shown, reasons []journal.Row }

var impressionRows = sync.Pool{New: func() any { return new(shownRows) }}

func (r *shownRows) release() {
	clear(r.shown)
	clear(r.reasons)
	r.shown, r.reasons = r.shown[:0], r.reasons[:0]
	impressionRows.Put(r)
}

// trimShown drops what has expired, now and then.
func (s *Store) trimShown() error {
	now, last := s.now(), s.trimmed.Load()
	if now.UnixMilli()-last < trimEvery.Milliseconds() || !s.trimmed.CompareAndSwap(last, now.UnixMilli()) {
		return nil
	}
	return errors.Join(s.shown.Trim(now.Add(-engine.ImpressionAge)), s.reasons.Trim(now.Add(-engine.ReasonAge)))
}

// impressionEncoder writes the rows of impressions, one after another.
type impressionEncoder struct {
	names  []string
	reason reasonEncoder
}

var impressionEncoders = sync.Pool{New: func() any { return new(impressionEncoder) }}

// encode returns both rows of imp, which it appends to room; reasons is nil where it has none.
func (e *impressionEncoder) encode(room []byte, imp *engine.Impression, ids *catalogue.IDs) (shown, reasons, _ []byte, err error) {
	from := len(room)
	buf := append(room, impressionVersion)
	buf = binary.AppendVarint(buf, storedTime(imp.At).UnixMilli())
	buf = append(buf, byte(imp.Subject.Kind))
	buf = appendText(buf, imp.Subject.ID)
	if buf, err = appendRequest(buf, &imp.Request); err != nil {
		return nil, nil, room, fmt.Errorf("encoding the request of %s: %w", imp.RecommendationID, err)
	}
	buf = e.appendRest(buf, &imp.Answer)
	buf = binary.AppendUvarint(buf, uint64(len(imp.Answer.Items)))
	explained := false
	names := &e.reason.names
	names.known = names.known[:0]
	for i := range imp.Answer.Items {
		it := &imp.Answer.Items[i]
		if n, ok := ids.Num(it.Item); ok {
			buf = binary.AppendUvarint(append(buf, 0), uint64(n))
		} else {
			buf = appendText(append(buf, 1), string(it.Item))
		}
		buf = names.append(buf, string(it.Kind))
		buf = appendReal(buf, it.Score)
		buf = names.append(buf, it.Source)
		buf = appendTexts(buf, it.Moved)
		explained = explained || len(it.Reasons) > 0
	}
	told := len(buf)
	advice := imp.Answer.Advice
	if explained || advice != nil && len(advice.Because)+len(advice.Snippets) > 0 {
		if buf, err = e.reason.append(buf, imp.Answer.Items, advice); err != nil {
			return nil, nil, room, fmt.Errorf("encoding the reasons of %s: %w", imp.RecommendationID, err)
		}
		reasons = buf[told:len(buf):len(buf)]
	}
	shown = buf[from:told:told]
	if len(shown) > maxRecordBytes || len(reasons) > maxRecordBytes {
		return nil, nil, buf[:from], engine.Invalidf(engine.CodeLimitExceeded, "", "an impression has at most %d bytes when stored", maxRecordBytes)
	}
	return shown, reasons, buf, nil
}

// plainTexts are the texts of a request that are written as they are: with its count they
// are all that most requests say.
func plainTexts(r *engine.Request) [7]*string {
	return [...]*string{
		(*string)(&r.Customer), (*string)(&r.Session), (*string)(&r.Item), &r.Query, &r.Scenario, &r.Filter, (*string)(&r.Explain),
	}
}

// appendRequest writes a request.
func appendRequest(buf []byte, r *engine.Request) ([]byte, error) {
	for _, text := range plainTexts(r) {
		buf = appendText(buf, *text)
	}
	buf = binary.AppendVarint(buf, int64(r.Count))
	if saysNoMore(r) {
		return append(buf, 0), nil
	}
	more := *r
	for _, text := range plainTexts(&more) {
		*text = ""
	}
	more.Count = 0
	body, err := json.Marshal(more)
	return appendText(buf, string(body)), err
}

// saysNoMore reports whether plainTexts and the count are all of a request.
func saysNoMore(r *engine.Request) bool {
	return len(r.Basket) == 0 && len(r.Kinds) == 0 && len(r.Boosts) == 0 && len(r.Exclude) == 0 && len(r.After) == 0 &&
		len(r.Pins) == 0 && len(r.Constraints) == 0 && r.Collapse == nil && r.Diversity == nil && r.MinRelevance == nil &&
		len(r.ReturnProperties) == 0 && r.Record == nil && !r.ValidateOnly && r.Context == engine.Context{}
}

// request reads what appendRequest wrote.
func (in *reader) request(r *engine.Request) {
	var plain engine.Request
	for _, text := range plainTexts(&plain) {
		*text = in.string()
	}
	plain.Count = int(in.int())
	if body := in.string(); body != "" && in.err == nil {
		if err := json.Unmarshal([]byte(body), r); err != nil {
			in.fail(err)
		}
	}
	from := plainTexts(&plain)
	for i, text := range plainTexts(r) {
		*text = *from[i]
	}
	r.Count = plain.Count
}

// The bits of an answer.
const (
	isExact = 1 << iota
	hasModels
	hasLeftOut
	hasAdvice
	isCalibrated
	hasConfidence
	ofTicket
)

// appendRest writes what of an answer are neither its items nor its id.
func (e *impressionEncoder) appendRest(buf []byte, a *engine.Answered) []byte {
	for _, text := range []string{a.Scenario, string(a.Basis), a.EmptyReason, a.Continues} {
		buf = appendText(buf, text)
	}
	said := byte(0)
	if a.Exact {
		said |= isExact
	}
	if a.Models != nil {
		said |= hasModels
	}
	if a.LeftOut != nil {
		said |= hasLeftOut
	}
	if a.Advice != nil {
		said |= hasAdvice
		if a.Calibrated {
			said |= isCalibrated
		}
		if a.Confidence != nil {
			said |= hasConfidence
		}
		if a.TicketID != "" {
			said |= ofTicket
		}
	}
	buf = append(buf, said)
	buf = binary.AppendVarint(buf, int64(a.Eligible))
	buf = appendReal(buf, a.TookMS)
	buf = appendTexts(buf, a.Degraded)
	e.names = e.names[:0]
	for name := range a.Models {
		e.names = append(e.names, name)
	}
	slices.Sort(e.names)
	buf = binary.AppendUvarint(buf, uint64(len(e.names)))
	for _, name := range e.names {
		buf = binary.AppendVarint(appendText(buf, name), int64(a.Models[name]))
	}
	buf = binary.AppendUvarint(buf, uint64(len(a.LeftOut)))
	for i := range a.LeftOut {
		buf = appendText(appendText(buf, string(a.LeftOut[i].Item)), a.LeftOut[i].Why)
	}
	if said&hasAdvice != 0 {
		buf = appendText(buf, string(a.Action))
	}
	if said&hasConfidence != 0 {
		buf = appendReal(buf, *a.Confidence)
	}
	if said&ofTicket != 0 {
		buf = appendText(buf, a.TicketID)
	}
	return buf
}

// rest reads what appendRest wrote.
func (in *reader) rest(a *engine.Answered) {
	a.Scenario, a.Basis, a.EmptyReason, a.Continues = in.string(), engine.Basis(in.string()), in.string(), in.string()
	said := in.byte()
	a.Exact = said&isExact != 0
	a.Eligible, a.TookMS, a.Degraded = int(in.int()), in.real(), in.texts()
	if said&hasModels != 0 {
		a.Models = map[string]int{}
	}
	for range in.count() {
		name := in.string()
		if version := in.int(); in.err == nil && a.Models != nil {
			a.Models[name] = int(version)
		}
	}
	if said&hasLeftOut != 0 {
		a.LeftOut = []engine.LeftOut{}
	}
	for range in.count() {
		if in.err != nil {
			return
		}
		a.LeftOut = append(a.LeftOut, engine.LeftOut{Item: engine.ItemID(in.string()), Why: in.string()})
	}
	if said&hasAdvice == 0 {
		return
	}
	// Why, and what it cites, stand beside the reasons.
	a.Advice = &engine.Advice{Action: engine.Action(in.string()), Calibrated: said&isCalibrated != 0, Because: []string{}}
	if said&hasConfidence != 0 {
		confidence := in.real()
		a.Confidence = &confidence
	}
	if said&ofTicket != 0 {
		a.TicketID = in.string()
	}
}

func appendTexts(buf []byte, texts []string) []byte {
	buf = binary.AppendUvarint(buf, uint64(len(texts)))
	for _, text := range texts {
		buf = appendText(buf, text)
	}
	return buf
}

// count reads how many things follow, which take a byte each at the least.
func (in *reader) count() uint64 {
	n := in.uint()
	if n > uint64(len(in.text)) {
		in.fail(errShort)
		return 0
	}
	return n
}

// texts reads what appendTexts wrote; nil where there are none.
func (in *reader) texts() (out []string) {
	for range in.count() {
		if in.err != nil {
			return nil
		}
		out = append(out, in.string())
	}
	return out
}

// decodeImpression reads what impressionEncoder wrote, without the reasons. Bytes it
// cannot have written give an error that wraps ErrCorrupt, never a panic.
func decodeImpression(value []byte, names itemNames) (engine.Impression, error) {
	var imp engine.Impression
	in := reader{text: string(value)}
	version := in.byte()
	if version != impressionVersion && version != oldImpressionVersion {
		in.fail(fmt.Errorf("version %d", version))
	}
	imp.At = in.time(in.int())
	imp.Subject = engine.Subject{Kind: engine.SubjectKind(in.byte()), ID: in.string()}
	var known nameDecoder
	text := func() string { return in.name(&known) }
	if version == oldImpressionVersion {
		text = in.string
		in.json(&imp.Request)
		in.json(&imp.Answer)
	} else {
		in.request(&imp.Request)
		in.rest(&imp.Answer)
	}
	count := in.uint()
	if count > maxShown {
		in.fail(errNumber)
	}
	imp.Answer.Items = []engine.Recommended{}
	for i := uint64(0); i < count && in.err == nil; i++ {
		imp.Answer.Items = append(imp.Answer.Items, in.shown(int(i), names, text))
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

// shown reads the item at place i of an answer, its kind and source by name.
func (in *reader) shown(i int, names itemNames, name func() string) (it engine.Recommended) {
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
	it.Kind = engine.Kind(name())
	it.Score = in.real()
	it.Source = name()
	it.Moved = in.texts()
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
	if err := ctx.Err(); err != nil {
		return engine.Impression{}, err
	}
	leave, err := s.enter()
	if err != nil {
		return engine.Impression{}, err
	}
	defer leave()
	key := journal.Key{Subject: subject16, ID: rec16}
	value, err := s.shown.Get(key)
	if errors.Is(err, engine.ErrNotFound) {
		return engine.Impression{}, fmt.Errorf("recommendation %s was not kept, or its customer was erased: %w", id, err)
	}
	if err != nil {
		return engine.Impression{}, fmt.Errorf("recommendation %s: %w", id, journalError(err))
	}
	return s.whole(journal.Row{Key: key, Value: value})
}

// whole decodes an impression and adds its reasons while they are kept.
func (s *Store) whole(row journal.Row) (engine.Impression, error) {
	at := time.UnixMilli(row.Millis())
	id := engine.NewRecommendationID(row.Subject, at, binary.BigEndian.Uint64(row.ID[8:]))
	kept := engine.PackedImpression{RecommendationID: id, Shown: row.Value}
	if s.now().Sub(at) <= engine.ReasonAge {
		var err error
		if kept.Reasons, err = s.reasons.Get(row.Key); err != nil && !errors.Is(err, engine.ErrNotFound) {
			return engine.Impression{}, fmt.Errorf("reasons of recommendation %s: %w", id, journalError(err))
		}
	}
	return s.UnpackImpression(kept)
}

// impressionsUnder appends the answers given to one subject16 that have not expired, by time.
func (s *Store) impressionsUnder(h engine.Hash16, list []engine.Impression) ([]engine.Impression, error) {
	err := s.shown.Under(h, s.kept(func(row journal.Row) error {
		imp, err := s.whole(row)
		list = append(list, imp)
		return err
	}))
	return list, journalError(err)
}

// kept passes on the rows of what was shown that have not expired: their segment may hold
// younger ones.
func (s *Store) kept(fn func(journal.Row) error) func(journal.Row) error {
	oldest := s.now().Add(-engine.ImpressionAge).UnixMilli()
	return func(row journal.Row) error {
		if row.Millis() < oldest {
			return nil
		}
		return fn(row)
	}
}

// moveImpressions is the step to format 3: impressions and reasons were rows i and r of
// Badger. Rows are moved by time, so that they fall into few segments. It can be taken again.
func (s *Store) moveImpressions() error {
	for letter, into := range map[byte]*journal.Journal{oldImpressionLetter: s.shown, oldReasonLetter: s.reasons} {
		if err := errors.Join(s.moveRows(letter, into), into.Sync()); err != nil {
			return err
		}
	}
	return s.dropPrefixes([][]byte{{oldImpressionLetter}, {oldReasonLetter}})
}

// movedAtOnce bounds what a move holds in memory.
const movedAtOnce = 512

func (s *Store) moveRows(letter byte, into *journal.Journal) error {
	return s.db.View(func(txn *badger.Txn) error {
		var keys []journal.Key
		err := eachKey(txn, []byte{letter}, func(key []byte) error {
			if len(key) == pairKeyBytes { // else an erasure's marker
				keys = append(keys, journal.Key{Subject: firstHash(key), ID: secondHash(key)})
			}
			return nil
		})
		if err != nil {
			return err
		}
		slices.SortFunc(keys, func(a, b journal.Key) int { return bytes.Compare(a.ID[:], b.ID[:]) })
		for some := range slices.Chunk(keys, movedAtOnce) {
			rows := make([]journal.Row, 0, len(some))
			for _, key := range some {
				value, err := get(txn, pairKey(letter, key.Subject, key.ID))
				if err != nil {
					return err
				}
				rows = append(rows, journal.Row{Key: key, Value: value})
			}
			if err := into.Append(rows); err != nil {
				return err
			}
		}
		return nil
	})
}
