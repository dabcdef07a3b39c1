package serving

import (
	"context"
	"encoding/binary"
	"fmt"
	"log/slog"
	"maps"
	"math"
	"slices"
	"sync/atomic"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/catalogue"
	"github.com/rapportengine/rapport/engine/recommend"
	"github.com/rapportengine/rapport/engine/solution"
	"github.com/rapportengine/rapport/engine/text"
)

// Passages of fixes become vectors behind the answers, which go by words and content
// meanwhile and say so. What was computed once is kept in the store by the hash of its text:
// a start reads it, and only new texts are computed.
const (
	readFixes = 256              // between two tables of vectors
	readTexts = 32               // between two writes, and two looks at ctx
	readAgain = 10 * time.Second // after an embedder or the store failed
)

// What a suggestion says it went without.
const (
	vectorsPending     = "vectors_pending"     // some fixes have none yet
	vectorsOtherTongue = "vectors_no_language" // the encoder was not made for the ticket's language
	vectorsUnavailable = "vectors_unavailable" // the encoder failed on the ticket
)

// reader makes the vectors of passages.
type reader struct {
	embedder text.Embedder // of tickets, nil for none
	behind   text.Embedder // of passages
	kept     string        // name of what is kept: the embedder's, and its size
	wake     chan struct{}
	say      *slog.Logger

	one   chan struct{}   // has room for who reads: one batch at a time
	left  *roaring.Bitmap // fixes whose passages are not read; guarded by Recommender.mu
	count atomic.Int64    // of left
	swept bool            // what no fix has any more is dropped; guarded by one
}

func newReader(e, behind text.Embedder, say *slog.Logger) *reader {
	if say == nil {
		say = slog.New(slog.DiscardHandler)
	}
	if behind == nil {
		behind = e
	}
	r := &reader{embedder: e, behind: behind, one: make(chan struct{}, 1), wake: make(chan struct{}, 1), say: say, left: roaring.New()}
	if e != nil {
		r.kept = fmt.Sprintf("%s %d", e.Name(), e.Dims())
	}
	return r
}

// begin waits for its turn to read, or for the end of ctx: who reads may wait long for a processor,
// as passages are encoded where nobody else wants it. end must follow.
func (d *reader) begin(ctx context.Context) error {
	select {
	case d.one <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (d *reader) end() { <-d.one }

// due marks the fixes whose text is another than before as unread, and returns their numbers:
// what their vectors say is no longer so. The caller holds Recommender.mu.
func (d *reader) due(before *catalogue.Snapshot, changed []catalogue.Entry) map[engine.ItemNum][][]float32 {
	if d.embedder == nil {
		return nil
	}
	gone := make(map[engine.ItemNum][][]float32)
	for _, entry := range changed {
		if solution.SamePassages(before.Item(entry.Num), entry.Item) {
			continue
		}
		gone[entry.Num] = nil
		if len(solution.Passages(entry.Item)) > 0 {
			d.left.Add(uint32(entry.Num))
		} else {
			d.left.Remove(uint32(entry.Num))
		}
	}
	d.count.Store(int64(d.left.GetCardinality()))
	if !d.left.IsEmpty() {
		select {
		case d.wake <- struct{}{}:
		default: // it is on its way
		}
	}
	return gone
}

// withItems returns the world after items were put or deleted, without the vectors of those
// whose text is another. The caller holds mu.
func (r *Recommender) withItems(w *recommend.World, changed []catalogue.Entry) *recommend.World {
	gone := r.reader.due(w.Catalogue, changed)
	w = w.WithItems(changed)
	maps.DeleteFunc(gone, func(n engine.ItemNum, _ [][]float32) bool { return !w.Sentences.Has(n) })
	if len(gone) > 0 {
		w = w.WithSentences(w.Sentences.With(gone))
	}
	return w
}

// readUntil reads passages whenever some are unread, until ctx ends. It returns why the last
// reading failed, where it did.
func (r *Recommender) readUntil(ctx context.Context) error {
	if r.reader.embedder == nil {
		return nil
	}
	failing := false // and that was said
	for {
		read, err := r.readSome(ctx, readFixes)
		if err == nil && read == 0 {
			err = r.sweep(ctx)
		}
		var later <-chan time.Time
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			if !failing {
				r.reader.say.Warn("vectors of fixes are not made; it is tried again until they are", "fixes", r.reader.count.Load(), "why", err)
			}
			later = time.After(readAgain)
		}
		if failing = err != nil; !failing && read > 0 {
			continue
		}
		select {
		case <-ctx.Done():
			return err
		case <-r.reader.wake:
		case <-later:
		}
	}
}

// ReadSentences reads the passages of up to so many fixes that are unread now, and returns how
// many are left: for who cannot wait for the background.
func (r *Recommender) ReadSentences(ctx context.Context, most int) (left int, err error) {
	for r.reader.embedder != nil && most > 0 {
		read, err := r.readSome(ctx, min(most, readFixes))
		if err != nil || read == 0 {
			return int(r.reader.count.Load()), err
		}
		most -= read
	}
	return int(r.reader.count.Load()), nil
}

// readSome reads the passages of up to so many fixes, of the lowest numbers, and returns of
// how many.
func (r *Recommender) readSome(ctx context.Context, most int) (int, error) {
	d := r.reader
	if err := d.begin(ctx); err != nil {
		return 0, err
	}
	defer d.end()
	r.mu.Lock()
	world, some := r.shop.Load().World, make([]uint32, most)
	some = some[:d.left.ManyIterator().NextMany(some)]
	r.mu.Unlock()
	if len(some) == 0 {
		return 0, nil
	}
	found, err := d.vectors(ctx, r.log, world.Catalogue, some)
	if err != nil {
		return 0, err
	}
	table := world.Sentences.With(found)

	r.mu.Lock()
	defer r.mu.Unlock()
	next := *r.shop.Load()
	for _, n := range some {
		if solution.SamePassages(world.Catalogue.Item(engine.ItemNum(n)), next.Catalogue.Item(engine.ItemNum(n))) {
			d.left.Remove(n)
		} else {
			delete(found, engine.ItemNum(n)) // it was changed meanwhile, and is read again
		}
	}
	d.count.Store(int64(d.left.GetCardinality()))
	if next.Sentences != world.Sentences || len(found) < len(some) {
		table = next.Sentences.With(found)
	}
	next.World = next.World.WithSentences(table)
	r.shop.Store(&next)
	return len(some), nil
}

// texts are the passages of an item that the embedder was made for.
func (d *reader) texts(it *engine.Item) []string {
	return slices.DeleteFunc(solution.Passages(it), func(s string) bool { return !text.Covers(d.embedder, it.Language, s) })
}

// vectors returns the vectors of the passages of some fixes: those that are kept, and new ones,
// which are kept from then on. Passages that the embedder refuses have none; that is said.
func (d *reader) vectors(ctx context.Context, log Log, items *catalogue.Snapshot, fixes []uint32) (map[engine.ItemNum][][]float32, error) {
	out := make(map[engine.ItemNum][][]float32, len(fixes))
	type place struct {
		fix  engine.ItemNum
		text string
		hash engine.Hash16
	}
	var all []place
	var hashes []engine.Hash16
	for _, n := range fixes {
		fix := engine.ItemNum(n)
		out[fix] = nil
		for _, s := range d.texts(items.Item(fix)) {
			h := engine.HashOf(s)
			all, hashes = append(all, place{fix, s, h}), append(hashes, h)
		}
	}
	kept, err := log.Vectors(ctx, d.kept, hashes)
	if err != nil {
		return nil, err
	}
	var fresh []place
	asked := make(map[engine.Hash16]bool)
	for _, p := range all {
		if unpack(kept[p.hash], d.embedder.Dims()) == nil && !asked[p.hash] {
			fresh, asked[p.hash] = append(fresh, p), true
		}
	}
	refusals, first := 0, slog.Attr{}
	for some := range slices.Chunk(fresh, readTexts) {
		texts := make([]string, len(some))
		for i, p := range some {
			texts[i] = p.text
		}
		got, refused, err := text.EmbedTaken(ctx, d.behind, texts)
		if err != nil {
			return nil, fmt.Errorf("make vectors of passages: %w", err)
		}
		if len(refused) > 0 && refusals == 0 {
			first = slog.Group("first", "fix", items.Item(some[refused[0].Text].fix).ID, "why", refused[0].Why)
		}
		refusals += len(refused)
		packed := make(map[engine.Hash16][]byte, len(some))
		for i, v := range got {
			if len(v) == d.embedder.Dims() {
				packed[some[i].hash] = pack(v)
			}
		}
		if err := log.PutVectors(ctx, d.kept, packed); err != nil {
			return nil, err
		}
		maps.Copy(kept, packed)
	}
	if refusals > 0 {
		d.say.Warn("the embedder refuses passages; their fixes are found without them", "passages", refusals, first)
	}
	for _, p := range all {
		if v := unpack(kept[p.hash], d.embedder.Dims()); v != nil {
			out[p.fix] = append(out[p.fix], v)
		}
	}
	return out, nil
}

// sweep drops what is kept of texts that no fix has any more, once a process: texts change
// seldom, and what is kept of them is small.
func (r *Recommender) sweep(ctx context.Context) error {
	d := r.reader
	if err := d.begin(ctx); err != nil {
		return err
	}
	defer d.end()
	if d.swept || d.count.Load() > 0 {
		return nil
	}
	stays := make(map[engine.Hash16]bool)
	items := r.World().Catalogue
	for _, kind := range text.Kinds {
		for of := items.Kind(kind).Iterator(); of.HasNext(); {
			for _, s := range solution.Passages(items.Item(engine.ItemNum(of.Next()))) {
				stays[engine.HashOf(s)] = true
			}
		}
	}
	_, err := r.log.DropVectors(ctx, d.kept, func(h engine.Hash16) bool { return stays[h] })
	d.swept = err == nil
	return err
}

// sense returns the vector of a ticket, nil for none, and what the answer has to say about it.
func (r *Recommender) sense(ctx context.Context, w *recommend.World, req *engine.SuggestRequest) (vector []float32, degraded []string, err error) {
	d := r.reader
	if d.embedder == nil {
		return nil, nil, nil
	}
	if d.count.Load() > 0 {
		degraded = append(degraded, vectorsPending)
	}
	said := text.Gist(solution.TicketText(req.Subject, req.Text), req.Language)
	switch {
	case w.Sentences.Len() == 0 && (w.Models.Desk == nil || w.Models.Desk.Encoder != d.embedder.Name()):
		return nil, degraded, nil // there is nothing to hold it against
	case !text.Covers(d.embedder, req.Language, said):
		return nil, append(degraded, vectorsOtherTongue), nil
	}
	waits := ctx
	if patience := text.Patience(d.embedder); patience > 0 {
		var cancel context.CancelFunc
		waits, cancel = context.WithTimeout(ctx, patience)
		defer cancel()
	}
	got, err := d.embedder.Embed(waits, []string{said})
	switch {
	case ctx.Err() != nil:
		return nil, nil, ctx.Err()
	case err != nil:
		return nil, append(degraded, vectorsUnavailable), nil
	}
	return got[0], degraded, nil
}

// warm answers a ticket that nobody wrote: the encoder that is part of the program is read, and
// content laid in bytes, when they are first needed, and no customer is to wait for that.
func (r *Recommender) warm(ctx context.Context) {
	w := r.World()
	for fixes := w.Catalogue.Kind(engine.Solution).Iterator(); fixes.HasNext(); {
		it := w.Catalogue.Item(engine.ItemNum(fixes.Next()))
		if it.Title == "" {
			continue
		}
		in := solution.Input{
			Catalogue: w.Catalogue, Content: w.Content, Lexicon: w.Lexicon, Sentences: w.Sentences, Knowledge: w.Models.Desk,
			Eligible: w.Catalogue.Known(), Text: it.Title, Language: it.Language, Count: 1, Now: r.now(),
		}
		if e := r.reader.embedder; e != nil && text.Patience(e) == 0 { // one that is far costs money
			if got, err := e.Embed(ctx, []string{it.Title}); err == nil {
				in.Vector, in.Encoder = got[0], e.Name()
			}
		}
		solution.Suggest(&in)
		return
	}
}

// pack puts a vector into bytes: the size of a step, and how many steps each number is. What
// serves is always what unpack gives back, so that a restart changes no bit of an answer.
func pack(v []float32) []byte {
	most := float32(0)
	for _, x := range v {
		most = max(most, float32(math.Abs(float64(x))))
	}
	step := most / math.MaxInt8
	out := binary.LittleEndian.AppendUint32(make([]byte, 0, 4+len(v)), math.Float32bits(step))
	for _, x := range v {
		steps := 0.0
		if step > 0 {
			steps = max(-math.MaxInt8, min(math.MaxInt8, math.Round(float64(x/step))))
		}
		out = append(out, byte(int8(steps)))
	}
	return out
}

// unpack returns a packed vector of dims numbers, nil where the bytes are none.
func unpack(packed []byte, dims int) []float32 {
	if len(packed) != 4+dims {
		return nil
	}
	step := math.Float32frombits(binary.LittleEndian.Uint32(packed))
	if !(step >= 0 && step <= 1) {
		return nil
	}
	out := make([]float32, dims)
	for i, b := range packed[4:] {
		out[i] = step * float32(int8(b))
	}
	return out
}
