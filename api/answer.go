package api

import (
	"fmt"
	"maps"
	"math"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/gin-gonic/gin"

	"github.com/rapportengine/rapport/engine"
)

// answerWriter is the room in which an answer is written, to be used again. One that a long
// list has made large is left to the collector.
type answerWriter struct {
	body   []byte
	causes []told // by engine.Reason.Cause
}

// told is where the parts of a cause stand in the body since it was told first: what comes
// before the source, between that and the contribution, and after it.
type told struct{ before, between, after span }

type span struct{ from, to int }

var answerWriters = sync.Pool{New: func() any { return new(answerWriter) }}

const (
	keptBody   = 256 << 10
	keptCauses = 4 << 10 // 200 KB
)

// sendAnswer is send of an answer, written field by field: the bytes are those of
// encoding/json, without its looking at types anew for every answer.
func sendAnswer(c *gin.Context, a *engine.Answer) error {
	w := answerWriters.Get().(*answerWriter)
	defer w.release()
	return w.send(c, a)
}

func (w *answerWriter) send(c *gin.Context, a *engine.Answer) error {
	body, err := w.append(w.body[:0], a)
	if err != nil {
		return fmt.Errorf("encode the answer of %s: %w", c.FullPath(), err)
	}
	w.body = body
	write(c, http.StatusOK, body)
	return nil
}

// release lets another answer be written in w's room.
func (w *answerWriter) release() {
	if cap(w.body) <= keptBody && cap(w.causes) <= keptCauses {
		answerWriters.Put(w)
	}
}

// appendAnswer appends what encode makes of a, in nobody's room.
func appendAnswer(out []byte, a *engine.Answer) ([]byte, error) {
	w := answerWriters.Get().(*answerWriter)
	defer answerWriters.Put(w)
	return w.append(out, a)
}

// append appends what encode makes of a.
func (w *answerWriter) append(out []byte, a *engine.Answer) ([]byte, error) {
	w.causes = w.causes[:0]
	out = append(out, '{')
	if a.RecommendationID != "" {
		out = append(appendText(append(out, `"recommendation_id":`...), a.RecommendationID), ',')
	}
	out = append(out, `"items":`...)
	out, err := appendList(out, a.Items, w.appendRecommended)
	if err != nil {
		return nil, err
	}
	out = appendText(append(out, `,"scenario":`...), a.Scenario)
	out = appendText(append(out, `,"basis":`...), string(a.Basis))
	out = strconv.AppendBool(append(out, `,"exact":`...), a.Exact)
	out = strconv.AppendInt(append(out, `,"eligible":`...), int64(a.Eligible), 10)
	out = appendModels(append(out, `,"models":`...), a.Models)
	if len(a.Degraded) > 0 {
		out = appendTexts(append(out, `,"degraded":`...), a.Degraded)
	}
	if a.EmptyReason != "" {
		out = appendText(append(out, `,"empty_reason":`...), a.EmptyReason)
	}
	if a.Continues != "" {
		out = appendText(append(out, `,"continues":`...), a.Continues)
	}
	if len(a.OpenTickets) > 0 {
		out, _ = appendList(append(out, `,"open_tickets":`...), a.OpenTickets, appendHeeded) // texts cannot fail
	}
	if a.LeftOut != nil {
		out, _ = appendList(append(out, `,"left_out":`...), a.LeftOut, appendLeftOut) // texts cannot fail
	}
	if out, err = appendNumber(append(out, `,"took_ms":`...), a.TookMS); err != nil {
		return nil, err
	}
	return append(out, '}'), nil
}

func (w *answerWriter) appendRecommended(out []byte, r *engine.Recommended) ([]byte, error) {
	out = appendText(append(out, `{"item_id":`...), string(r.Item))
	out = appendText(append(out, `,"kind":`...), string(r.Kind))
	out, err := appendNumber(append(out, `,"score":`...), r.Score)
	if err != nil {
		return nil, err
	}
	out = strconv.AppendInt(append(out, `,"rank":`...), int64(r.Rank), 10)
	out = appendText(append(out, `,"source":`...), r.Source)
	if len(r.Reasons) > 0 {
		if out, err = appendList(append(out, `,"reasons":`...), r.Reasons, w.appendReason); err != nil {
			return nil, err
		}
	}
	if len(r.Moved) > 0 {
		out = appendTexts(append(out, `,"moved":`...), r.Moved)
	}
	if len(r.Properties) > 0 { // of any type: few ask for them
		properties, err := encode(r.Properties)
		if err != nil {
			return nil, err
		}
		out = append(append(out, `,"properties":`...), properties...)
	}
	return append(out, '}'), nil
}

// appendReason writes what a cause tells once, and copies it wherever it is told again.
func (w *answerWriter) appendReason(out []byte, r *engine.Reason) (_ []byte, err error) {
	if r.Cause == 0 || r.Cause > maxCauses {
		out, _, err = appendCause(out, r)
		return out, err
	}
	for uint32(len(w.causes)) <= r.Cause {
		w.causes = append(w.causes, told{})
	}
	at := &w.causes[r.Cause]
	if at.before.to == 0 {
		out, *at, err = appendCause(out, r)
		return out, err
	}
	out = append(out, out[at.before.from:at.before.to]...)
	out = appendSource(out, r.Source)
	out = append(out, out[at.between.from:at.between.to]...)
	if out, err = appendNumber(out, r.Contribution); err != nil {
		return nil, err
	}
	return append(out, out[at.after.from:at.after.to]...), nil
}

// maxCauses bounds the numbers of causes that are kept in mind.
const maxCauses = 1 << 14

// appendCause writes a reason, and says where.
func appendCause(out []byte, r *engine.Reason) (_ []byte, at told, err error) {
	at.before.from = len(out)
	out = appendText(append(out, `{"type":`...), r.Type)
	at.before.to = len(out)
	out = appendSource(out, r.Source)
	at.between.from = len(out)
	if r.Item != "" {
		out = appendText(append(out, `,"item_id":`...), string(r.Item))
	}
	if r.Interaction != "" {
		out = appendText(append(out, `,"interaction":`...), string(r.Interaction))
	}
	if r.At != nil {
		if out, err = appendTime(append(out, `,"at":`...), *r.At); err != nil {
			return nil, at, err
		}
	}
	out = append(out, `,"contribution":`...)
	at.between.to = len(out)
	if out, err = appendNumber(out, r.Contribution); err != nil {
		return nil, at, err
	}
	at.after.from = len(out)
	if r.Text != "" {
		out = appendText(append(out, `,"text":`...), r.Text)
	}
	out = append(out, '}')
	at.after.to = len(out)
	return out, at, nil
}

func appendSource(out []byte, source string) []byte {
	if source == "" {
		return out
	}
	return appendText(append(out, `,"source":`...), source)
}

func appendLeftOut(out []byte, l *engine.LeftOut) ([]byte, error) {
	out = appendText(append(out, `{"item_id":`...), string(l.Item))
	out = appendText(append(out, `,"why":`...), l.Why)
	return append(out, '}'), nil
}

func appendHeeded(out []byte, t *engine.HeededTicket) ([]byte, error) {
	out = appendText(append(out, `{"ticket_id":`...), t.Ticket)
	if t.Item != "" {
		out = appendText(append(out, `,"item_id":`...), string(t.Item))
	}
	if len(t.First) > 0 {
		out, _ = appendList(append(out, `,"first":`...), t.First, func(out []byte, id *engine.ItemID) ([]byte, error) {
			return appendText(out, string(*id)), nil
		})
	}
	return append(out, '}'), nil
}

func appendModels(out []byte, models map[string]int) []byte {
	if models == nil {
		return append(out, "null"...)
	}
	out = append(out, '{')
	var room [16]string
	names := slices.AppendSeq(room[:0], maps.Keys(models))
	slices.Sort(names)
	for i, name := range names {
		if i > 0 {
			out = append(out, ',')
		}
		out = strconv.AppendInt(append(appendText(out, name), ':'), int64(models[name]), 10)
	}
	return append(out, '}')
}

func appendList[T any](out []byte, list []T, one func([]byte, *T) ([]byte, error)) (_ []byte, err error) {
	if list == nil {
		return append(out, "null"...), nil
	}
	out = append(out, '[')
	for i := range list {
		if i > 0 {
			out = append(out, ',')
		}
		if out, err = one(out, &list[i]); err != nil {
			return nil, err
		}
	}
	return append(out, ']'), nil
}

func appendTexts(out []byte, texts []string) []byte {
	out, _ = appendList(out, texts, func(out []byte, s *string) ([]byte, error) { return appendText(out, *s), nil })
	return out
}

// appendNumber writes x as ECMAScript does, and encoding/json after it: plainly between
// 1e-6 and 1e21, with an exponent of as few digits as it takes beyond.
func appendNumber(out []byte, x float64) ([]byte, error) {
	if n, is := engine.Billionths(x); is && (n >= 1000 || n <= -1000) { // below 1e-6: with an exponent
		return appendBillionths(out, n), nil
	}
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return nil, fmt.Errorf("no JSON number says %v", x)
	}
	size := math.Abs(x)
	if size == 0 || size >= 1e-6 && size < 1e21 {
		return strconv.AppendFloat(out, x, 'f', -1, 64), nil
	}
	out = strconv.AppendFloat(out, x, 'e', -1, 64)
	if n := len(out); n >= 4 && out[n-4] == 'e' && out[n-3] == '-' && out[n-2] == '0' { // e-09 is e-9
		out[n-2] = out[n-1]
		out = out[:n-1]
	}
	return out, nil
}

// appendBillionths writes n / 1e9 without zeros at the end.
func appendBillionths(out []byte, n int64) []byte {
	size := uint64(n)
	if n < 0 {
		out, size = append(out, '-'), uint64(-n)
	}
	whole, rest := size/1e9, size%1e9
	out = strconv.AppendUint(out, whole, 10)
	if rest == 0 {
		return out
	}
	digits := [10]byte{0: '.'}
	last := 0
	for i := 9; i > 0; i-- {
		if digits[i] = byte('0' + rest%10); last == 0 && rest%10 != 0 {
			last = i
		}
		rest /= 10
	}
	return append(out, digits[:last+1]...)
}

// appendTime writes t as it writes itself.
func appendTime(out []byte, t time.Time) ([]byte, error) {
	out, err := t.AppendText(append(out, '"'))
	return append(out, '"'), err
}

const hexDigits = "0123456789abcdef"

// appendText writes s in quotes. Bytes that are no UTF-8 become the replacement character;
// U+2028 and U+2029 are escaped, which JavaScript takes for ends of lines.
func appendText(out []byte, s string) []byte {
	out = append(out, '"')
	from := 0
	for i := plainBytes(s); i < len(s); {
		if b := s[i]; b < utf8.RuneSelf {
			if b >= ' ' && b != '"' && b != '\\' {
				i++
				continue
			}
			out = appendEscaped(append(out, s[from:i]...), b)
			i++
			from = i
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			out = append(append(out, s[from:i]...), `\ufffd`...)
			from = i + size
		case r == '\u2028' || r == '\u2029':
			out = append(append(out, s[from:i]...), `\u202`...)
			out = append(out, hexDigits[r&0xf])
			from = i + size
		}
		i += size
	}
	return append(append(out, s[from:]...), '"')
}

// plainBytes returns of how many bytes, eight at a time, a text begins with none that is escaped, or
// not ASCII.
func plainBytes(s string) (n int) {
	const (
		ones = 0x0101010101010101
		high = 0x80 * ones
	)
	for ; n+8 <= len(s); n += 8 {
		t := s[n:][:8]
		x := uint64(t[0]) | uint64(t[1])<<8 | uint64(t[2])<<16 | uint64(t[3])<<24 |
			uint64(t[4])<<32 | uint64(t[5])<<40 | uint64(t[6])<<48 | uint64(t[7])<<56
		quotes, slashes := x^('"'*ones), x^('\\'*ones)
		// A byte is below another where taking that away borrows; what is borrowed from the next
		// shows only where one is.
		if ((x-' '*ones)&^x|(quotes-ones)&^quotes|(slashes-ones)&^slashes|x)&high != 0 {
			break
		}
	}
	return n
}

func appendEscaped(out []byte, b byte) []byte {
	switch b {
	case '"', '\\':
		return append(out, '\\', b)
	case '\b':
		return append(out, `\b`...)
	case '\f':
		return append(out, `\f`...)
	case '\n':
		return append(out, `\n`...)
	case '\r':
		return append(out, `\r`...)
	case '\t':
		return append(out, `\t`...)
	}
	return append(out, '\\', 'u', '0', '0', hexDigits[b>>4], hexDigits[b&0xf])
}
