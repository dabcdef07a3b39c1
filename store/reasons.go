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
// What a cause tells, engine.Reason less Source and Contribution, stands once:
//
//	cause: 0, or 1 + how many were numbered before it, and then
//		type | item id | interaction | 0, 1 and ms, or 2 and RFC 3339 | text
//	or 1 + which of those that were numbered
//
// and a source likewise: how many sources stood before, and its name, or which of them. A
// contribution is twice an integer of billionths, or 1 and a real number. Version 2 was
// S2 of JSON, a list of reasons for each item, and version 1 that JSON.
const (
	plainReasonsVersion  = 1
	packedReasonsVersion = 2
	reasonsVersion       = 3
)

// maxReasons bounds the JSON of an impression's reasons, and with it what a damaged length
// can make a decoder allocate.
const maxReasons = 10 * maxRecordBytes

// maxCauses bounds the numbers of causes that an encoder keeps in mind. An answer has some
// hundreds.
const maxCauses = 1 << 14

// reasonEncoder writes rows of reasons, one after another.
type reasonEncoder struct {
	causes  []uint32 // by engine.Reason.Cause, its number here, from 1; 0 for none yet
	count   uint32   // of those
	sources []string
}

// append appends the row of what items tell.
func (e *reasonEncoder) append(buf []byte, items []engine.Recommended) (_ []byte, err error) {
	clear(e.causes)
	e.causes, e.count, e.sources = e.causes[:0], 0, e.sources[:0]
	buf = append(buf, reasonsVersion)
	for i := range items {
		buf = binary.AppendUvarint(buf, uint64(len(items[i].Reasons)))
		for k := range items[i].Reasons {
			r := &items[i].Reasons[k]
			if buf, err = e.cause(buf, r); err != nil {
				return nil, err
			}
			buf = e.source(buf, r.Source)
			buf = appendContribution(buf, r.Contribution)
		}
	}
	return buf, nil
}

func (e *reasonEncoder) cause(buf []byte, r *engine.Reason) ([]byte, error) {
	if r.Cause == 0 || r.Cause > maxCauses {
		return appendCause(append(buf, 0), r)
	}
	for uint32(len(e.causes)) <= r.Cause {
		e.causes = append(e.causes, 0)
	}
	if at := e.causes[r.Cause]; at != 0 {
		return binary.AppendUvarint(buf, uint64(at)), nil
	}
	e.count++
	e.causes[r.Cause] = e.count
	return appendCause(binary.AppendUvarint(buf, uint64(e.count)), r)
}

// source writes which of the sources it is. One item's reasons of a source follow one
// another, and the next item's are of the same sources.
func (e *reasonEncoder) source(buf []byte, name string) []byte {
	for i, known := range e.sources {
		if known == name {
			return binary.AppendUvarint(buf, uint64(i))
		}
	}
	e.sources = append(e.sources, name)
	return appendText(binary.AppendUvarint(buf, uint64(len(e.sources)-1)), name)
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

func appendCause(buf []byte, r *engine.Reason) (_ []byte, err error) {
	buf = appendText(buf, r.Type)
	buf = appendText(buf, string(r.Item))
	buf = appendText(buf, string(r.Interaction))
	switch {
	case r.At == nil:
		buf = append(buf, noTime)
	case r.At.Location() == time.UTC && r.At.Nanosecond()%1e6 == 0 && !r.At.Before(firstTime) && !r.At.After(lastTime):
		buf = binary.AppendVarint(append(buf, milliseconds), r.At.UnixMilli())
	default:
		text, err := r.At.MarshalText()
		if err != nil {
			return nil, err
		}
		buf = appendText(append(buf, timeText), string(text))
	}
	return appendText(buf, r.Text), nil
}

// addReasons adds the reasons of a row to the items of imp.
func addReasons(imp *engine.Impression, value []byte) error {
	var why [][]engine.Reason
	var err error
	if row, is := bytes.CutPrefix(value, []byte{reasonsVersion}); is {
		why, err = decodeReasons(row, len(imp.Answer.Items))
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

func decodeReasons(row []byte, items int) ([][]engine.Reason, error) {
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
	if in.err == nil && in.text != "" {
		in.err = errLeftOver
	}
	return why, in.err
}

// reasonReader reads what a reasonEncoder wrote.
type reasonReader struct {
	reader
	causes  []engine.Reason
	sources []string
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
	switch at := in.uint(); {
	case at < uint64(len(in.sources)):
		r.Source = in.sources[at]
	case at == uint64(len(in.sources)):
		r.Source = in.string()
		in.sources = append(in.sources, r.Source)
	default:
		in.fail(errNumber)
	}
	r.Contribution = in.contribution()
	return r
}

func (in *reasonReader) cause() (r engine.Reason) {
	r.Type, r.Item, r.Interaction = in.string(), engine.ItemID(in.string()), engine.Type(in.string())
	switch in.byte() {
	case noTime:
	case milliseconds:
		at := in.time(in.int())
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
	r.Text = in.string()
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
