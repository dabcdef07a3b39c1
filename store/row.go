package store

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"time"
	"unsafe"

	"github.com/rapportengine/rapport/engine"
)

// The value of an event row:
//
//	version1 | flags | seq | at | received - at | type | fields the flags name, in order
//
// Integers are varints (zigzag where they may be negative). Times are whole Unix
// milliseconds, clamped to the years 1 to 9999. A type we know is one byte, any other
// a zero and a text. A text is its length and its bytes; a real number is its IEEE
// bits with the bytes reversed, as a varint, so that small whole numbers are short.
// The subject's own id is not repeated: it stands once, under s | subject16. Event16
// and line stand in the key, the item as its number.
const rowVersion = 1

const (
	hasItem = 1 << iota
	hasEventID
	customerIsSubject
	sessionIsSubject
	hasCustomer
	hasSession
	hasQuantity
	hasPrice
	hasCurrency
	hasValue
	hasDuration
	hasPosition
	hasQuery
	hasChannel
	hasOrder
	hasTicket
	hasRecommendation
	isGift
	hasProperties
	rowFlagsEnd
)

// rowTypes are the types written as one byte, their place plus one. Append only.
var rowTypes = []engine.Type{
	engine.View, engine.Click, engine.AddToCart, engine.RemoveFromCart, engine.Purchase, engine.Return,
	engine.Rating, engine.Bookmark, engine.Search, engine.Seen, engine.Dismiss, engine.TicketOpened,
	engine.SolutionShown, engine.SolutionUsed, engine.Solved, engine.Reopened, engine.Escalated, engine.CSAT,
	engine.NotSolved,
}

var rowTypeCodes = func() map[engine.Type]byte {
	codes := make(map[engine.Type]byte, len(rowTypes))
	for i, t := range rowTypes {
		codes[t] = byte(i + 1)
	}
	return codes
}()

// The first and last instant a row can hold.
var (
	firstTime = time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC)
	lastTime  = time.Date(9999, 12, 31, 23, 59, 59, 999_000_000, time.UTC)
)

// storedTime returns t as a row gives it back: UTC, whole milliseconds, clamped.
func storedTime(t time.Time) time.Time {
	t = t.UTC().Truncate(time.Millisecond)
	switch {
	case t.Before(firstTime):
		return firstTime
	case t.After(lastTime):
		return lastTime
	}
	return t
}

// appendRow appends the value of row, stored under subject, to buf. Times must have
// passed storedTime.
func appendRow(buf []byte, row *engine.Row, subject engine.Subject) ([]byte, error) {
	flags, properties, err := rowFlags(row, subject)
	if err != nil {
		return nil, err
	}
	at := row.At.UnixMilli()
	buf = append(buf, rowVersion)
	buf = binary.AppendUvarint(buf, flags)
	buf = binary.AppendUvarint(buf, row.Seq)
	buf = binary.AppendVarint(buf, at)
	buf = binary.AppendVarint(buf, row.Received.UnixMilli()-at)
	buf = append(buf, rowTypeCodes[row.Type])
	if rowTypeCodes[row.Type] == 0 {
		buf = appendText(buf, string(row.Type))
	}
	if flags&hasItem != 0 {
		buf = binary.AppendUvarint(buf, uint64(row.Num))
	}
	text := func(flag uint64, s string) {
		if flags&flag != 0 {
			buf = appendText(buf, s)
		}
	}
	number := func(flag uint64, f float64) {
		if flags&flag != 0 {
			buf = appendReal(buf, f)
		}
	}
	text(hasEventID, row.EventID)
	text(hasCustomer, string(row.Customer))
	text(hasSession, string(row.Session))
	number(hasQuantity, row.Quantity)
	number(hasPrice, row.Price)
	text(hasCurrency, row.Currency)
	number(hasValue, row.Value)
	number(hasDuration, row.Duration)
	if flags&hasPosition != 0 {
		buf = binary.AppendVarint(buf, int64(row.Position))
	}
	text(hasQuery, row.Query)
	text(hasChannel, row.Channel)
	text(hasOrder, row.OrderID)
	text(hasTicket, row.TicketID)
	text(hasRecommendation, row.RecommendationID)
	text(hasProperties, string(properties))
	return buf, nil
}

// rowFlags says which fields of row are to be written, and encodes its properties.
func rowFlags(row *engine.Row, subject engine.Subject) (flags uint64, properties []byte, err error) {
	set := func(flag uint64, on bool) {
		if on {
			flags |= flag
		}
	}
	customer := row.Customer != "" && engine.OfCustomer(row.Customer) == subject
	session := row.Session != "" && engine.OfSession(row.Session) == subject
	set(hasItem, row.Item != "")
	set(hasEventID, row.EventID != "")
	set(customerIsSubject, customer)
	set(sessionIsSubject, session)
	set(hasCustomer, row.Customer != "" && !customer)
	set(hasSession, row.Session != "" && !session)
	set(hasQuantity, row.Quantity != 0)
	set(hasPrice, row.Price != 0)
	set(hasCurrency, row.Currency != "")
	set(hasValue, row.Value != 0)
	set(hasDuration, row.Duration != 0)
	set(hasPosition, row.Position != 0)
	set(hasQuery, row.Query != "")
	set(hasChannel, row.Channel != "")
	set(hasOrder, row.OrderID != "")
	set(hasTicket, row.TicketID != "")
	set(hasRecommendation, row.RecommendationID != "")
	set(isGift, row.Gift)
	set(hasProperties, len(row.Properties) > 0)
	if flags&hasProperties != 0 {
		if properties, err = json.Marshal(row.Properties); err != nil {
			return 0, nil, engine.Invalidf(engine.CodeInvalidField, "properties", "properties are JSON values: %v", err)
		}
	}
	return flags, properties, nil
}

// itemNames is what decodeRow needs of the table of numbers.
type itemNames interface {
	ID(engine.ItemNum) engine.ItemID
	Len() int
}

// decodeRow reads the row stored under key for subject. Bytes that appendRow cannot
// have written give an error that wraps ErrCorrupt, never a panic.
func decodeRow(key, value []byte, subject engine.Subject, names itemNames) (row engine.Row, err error) {
	err = decodeRowTo(&row, key, textOf(value, nil), subject, names)
	return row, err
}

// decodeRowTo is decodeRow of the text of a value, in which the row's texts stay, into a zero row: a
// history is read without its rows, of 328 bytes, being moved.
func decodeRowTo(row *engine.Row, key []byte, text string, subject engine.Subject, names itemNames) error {
	if len(key) != eventKeyBytes {
		return fmt.Errorf("event key of %d bytes: %w", len(key), ErrCorrupt)
	}
	row.Event = secondHash(key)
	row.Line = binary.BigEndian.Uint16(key[eventKeyBytes-2:])
	in := reader{text: text}
	if v := in.byte(); v != rowVersion && in.err == nil {
		return fmt.Errorf("event row of version %d: %w", v, ErrCorrupt)
	}
	flags := in.uint()
	row.Seq = in.uint()
	at := in.int()
	row.At, row.Received = in.time(at), in.time(at+in.int())
	row.Type = in.rowType()
	if flags&hasItem != 0 {
		n := in.uint()
		if in.err == nil && n >= uint64(names.Len()) {
			return fmt.Errorf("event row names item number %d of %d: %w", n, names.Len(), ErrCorrupt)
		}
		if in.err == nil {
			row.Num = engine.ItemNum(n)
			row.Item = names.ID(row.Num)
		}
	}
	in.rowFields(&row.Interaction, flags, subject)
	if in.err == nil && (len(in.text) != 0 || flags >= rowFlagsEnd) {
		in.err = errLeftOver
	}
	if in.err != nil {
		return fmt.Errorf("event row: %w: %w", in.err, ErrCorrupt)
	}
	return nil
}

// rowTexts are the flags of fields that are texts.
const rowTexts = hasEventID | hasCustomer | hasSession | hasCurrency | hasQuery | hasChannel |
	hasOrder | hasTicket | hasRecommendation | hasProperties

// textOf returns the bytes of a row to read. One that holds no text of its own is read where
// it lies, as nothing of it is kept; of another a copy is made, in which its texts stay: in room,
// if that is not nil.
func textOf(value []byte, room *texts) string {
	if len(value) > 1 {
		flags, n := binary.Uvarint(value[1:])
		if n > 0 && flags&rowTexts == 0 && !ownType(value[1+n:]) {
			return unsafe.String(unsafe.SliceData(value), len(value))
		}
	}
	if room == nil {
		return string(value)
	}
	return room.copy(value)
}

// texts is memory in which the texts of many rows lie side by side: one that is held on to holds on
// to all near it, so it is for rows that are let go of together.
type texts struct{ room []byte }

// textsBytes is the size of a piece of it: the texts of some hundred rows.
const textsBytes = 8 << 10

func (t *texts) copy(value []byte) string {
	if cap(t.room)-len(t.room) < len(value) {
		t.room = make([]byte, 0, max(textsBytes, len(value)))
	}
	from := len(t.room)
	t.room = append(t.room, value...)
	return unsafe.String(unsafe.SliceData(t.room[from:]), len(value))
}

// ownType reports whether what follows a row's flags may hold a type that is a text.
func ownType(rest []byte) bool {
	for range 3 { // seq, at, received - at
		_, n := binary.Uvarint(rest)
		if n <= 0 {
			return true
		}
		rest = rest[n:]
	}
	return len(rest) == 0 || rest[0] == 0
}

// rowFields reads the fields that flags name.
func (in *reader) rowFields(i *engine.Interaction, flags uint64, subject engine.Subject) {
	text := func(flag uint64) string {
		if flags&flag == 0 {
			return ""
		}
		return in.string()
	}
	number := func(flag uint64) float64 {
		if flags&flag == 0 {
			return 0
		}
		return in.real()
	}
	i.EventID = text(hasEventID)
	i.Customer = engine.CustomerID(text(hasCustomer))
	i.Session = engine.SessionID(text(hasSession))
	if flags&customerIsSubject != 0 {
		i.Customer = engine.CustomerID(subject.ID)
	}
	if flags&sessionIsSubject != 0 {
		i.Session = engine.SessionID(subject.ID)
	}
	i.Quantity = number(hasQuantity)
	i.Price = number(hasPrice)
	i.Currency = text(hasCurrency)
	i.Value = number(hasValue)
	i.Duration = number(hasDuration)
	if flags&hasPosition != 0 {
		i.Position = int(in.int())
	}
	i.Query = text(hasQuery)
	i.Channel = text(hasChannel)
	i.OrderID = text(hasOrder)
	i.TicketID = text(hasTicket)
	i.RecommendationID = text(hasRecommendation)
	i.Gift = flags&isGift != 0
	if flags&hasProperties != 0 {
		if err := json.Unmarshal([]byte(in.string()), &i.Properties); err != nil && in.err == nil {
			in.err = fmt.Errorf("properties: %w", err)
		}
	}
}

func (in *reader) rowType() engine.Type {
	code := in.byte()
	switch {
	case code == 0:
		return engine.Type(in.string())
	case int(code) > len(rowTypes):
		in.fail(fmt.Errorf("unknown type %d", code))
		return ""
	}
	return rowTypes[code-1]
}
