package store

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/klauspost/compress/s2"

	"github.com/rapportengine/rapport/engine"
)

// A row of reasons is
//
//	version 3 | of each item how many, and each:
//		cause | source | contribution
//
// and of a ticket's answer, why to do with it what it says:
//
//	sentences | how many stretches of fixes are cited, and each: item id | text | from | to
//
// What a cause tells, engine.Reason less Source and Contribution, stands once:
//
//	cause: 0, or 1 + how many were numbered before it, and then
//		type | item id | interaction | 0, 1 and ms after the one before, or 2 and RFC 3339 |
//		how many bytes the text begins with as the one before did | the rest of it
//	or 1 + which of those that were numbered
//
// Types, interactions and sources are names: see nameEncoder. A contribution is twice an
// integer of billionths, or 1 and a real number. Version 2 was
// S2 of JSON, a list of reasons for each item, and version 1 that JSON.
const (
	plainReasonsVersion  = 1
	packedReasonsVersion = 2
	reasonsVersion       = 3
)

// maxReasons bounds the JSON or the texts of an impression's reasons, and with it what a
// damaged length can make a decoder allocate.
const maxReasons = 10 * maxRecordBytes

// maxCauses bounds the numbers of causes that an encoder keeps in mind. An answer has some
// hundreds.
const maxCauses = 1 << 14

// reasonEncoder writes rows of reasons, one after another.
type reasonEncoder struct {
	causes []uint32 // by engine.Reason.Cause, its number here, from 1; 0 for none yet
	count  uint32   // of those
	names  nameEncoder
	at     int64  // of the cause before
	text   string // of the cause before
}

// nameEncoder writes texts of which a row has few: how many others stood before it, and the
// text, or which of them it is.
type nameEncoder struct{ known []string }

func (n *nameEncoder) append(buf []byte, name string) []byte {
	for i, known := range n.known {
		if known == name {
			return binary.AppendUvarint(buf, uint64(i))
		}
	}
	n.known = append(n.known, name)
	return appendText(binary.AppendUvarint(buf, uint64(len(n.known)-1)), name)
}

// nameDecoder reads what a nameEncoder wrote.
type nameDecoder struct{ known []string }

func (in *reader) name(n *nameDecoder) string {
	switch at := in.uint(); {
	case at < uint64(len(n.known)):
		return n.known[at]
	case at == uint64(len(n.known)):
		n.known = append(n.known, in.string())
		return n.known[at]
	}
	in.fail(errNumber)
	return ""
}

// append appends the row of what items tell, and of the advice, nil for none.
func (e *reasonEncoder) append(buf []byte, items []engine.Recommended, advice *engine.Advice) (_ []byte, err error) {
	clear(e.causes)
	*e = reasonEncoder{causes: e.causes[:0], names: nameEncoder{e.names.known[:0]}}
	buf = append(buf, reasonsVersion)
	for i := range items {
		buf = binary.AppendUvarint(buf, uint64(len(items[i].Reasons)))
		for k := range items[i].Reasons {
			r := &items[i].Reasons[k]
			if buf, err = e.cause(buf, r); err != nil {
				return nil, err
			}
			buf = e.names.append(buf, r.Source)
			buf = appendContribution(buf, r.Contribution)
		}
	}
	if advice == nil {
		return buf, nil
	}
	buf = binary.AppendUvarint(appendTexts(buf, advice.Because), uint64(len(advice.Snippets)))
	for i := range advice.Snippets {
		s := &advice.Snippets[i]
		buf = appendText(appendText(buf, string(s.Item)), s.Text)
		buf = binary.AppendVarint(binary.AppendVarint(buf, int64(s.From)), int64(s.To))
	}
	return buf, nil
}

// advice reads what of an advice stands beside the reasons.
func (in *reader) advice(a *engine.Advice) {
	if because := in.texts(); because != nil {
		a.Because = because
	}
	for range in.count() {
		if in.err != nil {
			return
		}
		a.Snippets = append(a.Snippets, engine.Snippet{Item: engine.ItemID(in.string()), Text: in.string(), From: int(in.int()), To: int(in.int())})
	}
}

func (e *reasonEncoder) cause(buf []byte, r *engine.Reason) ([]byte, error) {
	if r.Cause == 0 || r.Cause > maxCauses {
		return e.appendCause(append(buf, 0), r)
	}
	for uint32(len(e.causes)) <= r.Cause {
		e.causes = append(e.causes, 0)
	}
	if at := e.causes[r.Cause]; at != 0 {
		return binary.AppendUvarint(buf, uint64(at)), nil
	}
	e.count++
	e.causes[r.Cause] = e.count
	return e.appendCause(binary.AppendUvarint(buf, uint64(e.count)), r)
}

func appendContribution(buf []byte, x float64) []byte {
	if n, is := engine.Billionths(x); is && (n != 0 || !math.Signbit(x)) {
		return binary.AppendUvarint(buf, (uint64(n)<<1^uint64(n>>63))<<1)
	}
	return appendReal(append(buf, 1), x)
}

// How the time of a cause is written.
const (
	noTime = iota
	milliseconds
	timeText
)

func (e *reasonEncoder) appendCause(buf []byte, r *engine.Reason) (_ []byte, err error) {
	buf = e.names.append(buf, r.Type)
	buf = appendText(buf, string(r.Item))
	buf = e.names.append(buf, string(r.Interaction))
	switch {
	case r.At == nil:
		buf = append(buf, noTime)
	case r.At.Location() == time.UTC && r.At.Nanosecond()%1e6 == 0 && !r.At.Before(firstTime) && !r.At.After(lastTime):
		at := r.At.UnixMilli()
		buf = binary.AppendVarint(append(buf, milliseconds), at-e.at)
		e.at = at
	default:
		text, err := r.At.MarshalText()
		if err != nil {
			return nil, err
		}
		buf = appendText(append(buf, timeText), string(text))
	}
	same := 0
	for same < min(len(r.Text), len(e.text)) && r.Text[same] == e.text[same] {
		same++
	}
	e.text = r.Text
	return appendText(binary.AppendUvarint(buf, uint64(same)), r.Text[same:]), nil
}

// addReasons adds the reasons of a row to the items of imp.
func addReasons(imp *engine.Impression, value []byte) error {
	var why [][]engine.Reason
	var err error
	if row, is := bytes.CutPrefix(value, []byte{reasonsVersion}); is {
		why, err = decodeReasons(row, len(imp.Answer.Items), imp.Answer.Advice)
	} else {
		why, err = oldReasons(value, len(imp.Answer.Items))
	}
	if err != nil {
		return fmt.Errorf("reasons of recommendation %s: %w: %w", imp.RecommendationID, err, ErrCorrupt)
	}
	for i := range why {
		imp.Answer.Items[i].Reasons = why[i]
	}
	return nil
}

// decodeReasons reads the reasons of so many items, and of an advice, nil for none, what
// stands beside them.
func decodeReasons(row []byte, items int, advice *engine.Advice) ([][]engine.Reason, error) {
	in, why := reasonReader{reader: reader{text: string(row)}}, make([][]engine.Reason, items)
	for i := range why {
		count := in.uint()
		if count > uint64(len(in.text)) {
			in.fail(errShort)
		}
		for range count {
			if in.err != nil {
				return nil, in.err
			}
			why[i] = append(why[i], in.reason())
		}
	}
	if advice != nil {
		in.advice(advice)
	}
	if in.err == nil && in.text != "" {
		in.err = errLeftOver
	}
	return why, in.err
}

// reasonReader reads what a reasonEncoder wrote.
type reasonReader struct {
	reader
	causes []engine.Reason
	names  nameDecoder
	at     int64
	before string // the text of the cause before
	copied int    // bytes of texts that began as another
}

func (in *reasonReader) reason() (r engine.Reason) {
	switch at := in.uint(); {
	case at == 0:
		r = in.cause()
	case at <= uint64(len(in.causes)):
		r = in.causes[at-1]
	case at == uint64(len(in.causes))+1:
		r = in.cause()
		r.Cause = uint32(at)
		in.causes = append(in.causes, r)
	default:
		in.fail(errNumber)
	}
	r.Source = in.name(&in.names)
	r.Contribution = in.contribution()
	return r
}

func (in *reasonReader) cause() (r engine.Reason) {
	r.Type, r.Item, r.Interaction = in.name(&in.names), engine.ItemID(in.string()), engine.Type(in.name(&in.names))
	switch in.byte() {
	case noTime:
	case milliseconds:
		in.at += in.int()
		at := in.time(in.at)
		r.At = &at
	case timeText:
		at := new(time.Time)
		if text := in.string(); in.err == nil {
			if err := at.UnmarshalText([]byte(text)); err != nil {
				in.fail(err)
			}
		}
		r.At = at
	default:
		in.fail(errNumber)
	}
	same := in.uint()
	if same > uint64(len(in.before)) {
		in.fail(errNumber)
		return r
	}
	r.Text = in.string()
	if same > 0 {
		if in.copied += int(same) + len(r.Text); in.copied > maxReasons {
			in.fail(errNumber)
			return r
		}
		r.Text = in.before[:same] + r.Text
	}
	in.before = r.Text
	return r
}

func (in *reasonReader) contribution() float64 {
	n := in.uint()
	if n == 1 {
		return in.real()
	}
	if n&1 == 1 {
		in.fail(errNumber)
	}
	n >>= 1
	return float64(int64(n>>1)^-int64(n&1)) / 1e9
}

var errOtherLength = errors.New("it is not of as many items as were shown")

// oldReasons reads the forms that were JSON.
func oldReasons(value []byte, items int) (why [][]engine.Reason, err error) {
	body, plain := bytes.CutPrefix(value, []byte{plainReasonsVersion})
	if !plain {
		packed, is := bytes.CutPrefix(value, []byte{packedReasonsVersion})
		if n, err := s2.DecodedLen(packed); !is || err != nil || n > maxReasons {
			return nil, errNumber
		}
		if body, err = s2.Decode(nil, packed); err != nil {
			return nil, err
		}
	}
	if err := json.Unmarshal(body, &why); err != nil {
		return nil, err
	}
	if len(why) != items {
		return nil, errOtherLength
	}
	return why, nil
}
