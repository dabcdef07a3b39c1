package record

import (
	"encoding/binary"
	"encoding/hex"
	"math"
	"math/big"
	"strconv"
	"strings"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"

	"github.com/rapportengine/rapport/engine"
)

// shape is a node of a Parquet file's schema: a column, or what its values are parts of.
// Values come apart by column and are put together again by their levels (Melnik et al.
// 2010, "Dremel", section 4).
type shape struct {
	name        string
	form        form
	optional    bool
	repeated    bool
	def, rep    int // levels a value of it has at least
	first, last int // its leaves
	parts       []shape
	write       func(parquet.Value) (string, kind) // of a leaf
}

type form uint8

const (
	aLeaf form = iota
	aGroup
	aList
	aMap
)

// cursor is the values of a leaf in the row at hand that are not yet taken.
type cursor []parquet.Value

// shapeOf returns the shape of a column under one with the levels def and rep. count is
// the number of leaves before it.
func shapeOf(c *parquet.Column, def, rep int, count *int) (shape, error) {
	s := shape{name: c.Name(), optional: c.Optional(), repeated: c.Repeated(), first: *count}
	if s.repeated || s.optional {
		def++
	}
	if s.repeated {
		rep++
	}
	s.def, s.rep = def, rep
	if c.Leaf() {
		if *count++; *count > engine.MaxColumns {
			return s, tooMuch("a Parquet file has at most %d columns", engine.MaxColumns)
		}
		s.last, s.write = *count, writer(c.Type())
		return s, nil
	}
	s.form = aGroup
	for _, inner := range c.Columns() {
		part, err := shapeOf(inner, def, rep, count)
		if err != nil {
			return s, err
		}
		s.parts = append(s.parts, part)
	}
	s.last = *count
	if s.first == s.last {
		return s, syntaxf(1, "the Parquet file has a group without columns, %s", shorten(s.name))
	}
	switch inner := s.parts[0]; {
	case len(s.parts) != 1 || !inner.repeated || s.repeated:
	case isLogical[format.ListType](c):
		s.form = aList
	case isLogical[format.MapType](c) && len(inner.parts) == 2 && inner.parts[0].form == aLeaf:
		s.form = aMap
	}
	return s, nil
}

func isLogical[T any](c *parquet.Column) bool {
	l := c.Type().LogicalType()
	if l == nil {
		return false
	}
	_, is := any(l.Value).(*T)
	return is
}

// read takes a value of s off its leaves.
func (s *shape) read(leaves []cursor, e *env) value {
	if (s.optional || s.repeated) && leaves[s.first][0].DefinitionLevel() < s.def {
		for i := s.first; i < s.last; i++ {
			leaves[i] = leaves[i][1:]
		}
		if s.repeated {
			return value{kind: list, env: e}
		}
		return value{kind: null, env: e}
	}
	if !s.repeated {
		return s.body(leaves, e)
	}
	v := value{kind: list, env: e}
	for {
		v.parts = append(v.parts, member{value: s.body(leaves, e)})
		if rest := leaves[s.first]; len(rest) == 0 || rest[0].RepetitionLevel() != s.rep {
			return v
		}
	}
}

// body reads a value that is there.
func (s *shape) body(leaves []cursor, e *env) value {
	switch s.form {
	case aLeaf:
		v := leaves[s.first][0]
		leaves[s.first] = leaves[s.first][1:]
		raw, as := s.write(v)
		return value{kind: cell, as: as, raw: raw, env: e}
	case aList:
		return s.parts[0].elements(s.parts[0].read(leaves, e))
	case aMap:
		v := s.parts[0].read(leaves, e)
		for i, m := range v.parts {
			pair := m.value.parts
			v.parts[i] = member{name: pair[0].value.raw, value: pair[1].value}
		}
		v.kind = object
		return v
	}
	v := value{kind: object, env: e, parts: make([]member, len(s.parts))}
	for i := range s.parts {
		v.parts[i] = member{name: s.parts[i].name, value: s.parts[i].read(leaves, e)}
	}
	return v
}

// elements unwraps the elements of a list, which stand in a group of their own, or by
// older rules (LogicalTypes.md, "Lists") do not.
func (s *shape) elements(v value) value {
	if len(s.parts) != 1 || s.name == "array" || strings.HasSuffix(s.name, "_tuple") {
		return v
	}
	for i, m := range v.parts {
		v.parts[i] = member{value: m.value.parts[0].value}
	}
	return v
}

// writer returns how the values of a leaf are written as cells.
func writer(t parquet.Type) func(parquet.Value) (string, kind) {
	var logical any
	if l := t.LogicalType(); l != nil {
		logical = l.Value
	}
	switch l := logical.(type) {
	case *format.TimestampType:
		return func(v parquet.Value) (string, kind) { return writeTime(v.Int64(), l), text }
	case *format.DateType:
		return func(v parquet.Value) (string, kind) {
			return time.Unix(int64(v.Int32())*int64(day/time.Second), 0).UTC().Format(time.DateOnly), text
		}
	case *format.DecimalType:
		return func(v parquet.Value) (string, kind) { return writeDecimal(v, int(l.Scale)), number }
	case *format.UUIDType:
		return func(v parquet.Value) (string, kind) { return writeUUID(v.ByteArray()), text }
	case *format.IntType:
		if !l.IsSigned {
			return writeUnsigned
		}
	}
	return writePlain
}

func writeUnsigned(v parquet.Value) (string, kind) {
	if v.Kind() == parquet.Int32 {
		return strconv.FormatUint(uint64(v.Uint32()), 10), number
	}
	return strconv.FormatUint(v.Uint64(), 10), number
}

// writePlain writes a value of a physical type.
func writePlain(v parquet.Value) (string, kind) {
	switch v.Kind() {
	case parquet.Boolean:
		return strconv.FormatBool(v.Boolean()), boolean
	case parquet.Int32:
		return strconv.FormatInt(int64(v.Int32()), 10), number
	case parquet.Int64:
		return strconv.FormatInt(v.Int64(), 10), number
	case parquet.Float:
		return writeReal(float64(v.Float()), 32), number
	case parquet.Double:
		return writeReal(v.Double(), 64), number
	case parquet.Int96: // a time of old: nanoseconds of the day, and the Julian day
		b := v.Int96()
		nanos := int64(uint64(b[1])<<32 | uint64(b[0]))
		const epoch = 2_440_588 // Julian day of 1970-01-01
		return time.Unix((int64(b[2])-epoch)*int64(day/time.Second), nanos).UTC().Format(time.RFC3339Nano), text
	}
	return string(v.ByteArray()), text
}

// writeReal writes a number so that whole ones look whole: ids come as numbers, too.
func writeReal(f float64, bits int) string {
	if a := math.Abs(f); a == 0 || a > 1e-6 && a < 1e15 {
		return strconv.FormatFloat(f, 'f', -1, bits)
	}
	return strconv.FormatFloat(f, 'g', -1, bits)
}

// writeTime writes a timestamp; one that is not of UTC names no zone.
func writeTime(n int64, l *format.TimestampType) string {
	var t time.Time
	switch any(l.Unit.Value).(type) {
	case *format.MicroSeconds:
		t = time.UnixMicro(n)
	case *format.NanoSeconds:
		t = time.Unix(0, n)
	default:
		t = time.UnixMilli(n)
	}
	if l.IsAdjustedToUTC {
		return t.UTC().Format(time.RFC3339Nano)
	}
	return t.UTC().Format("2006-01-02T15:04:05.999999999")
}

// writeDecimal writes a decimal number exactly.
func writeDecimal(v parquet.Value, scale int) string {
	var n big.Int
	switch v.Kind() {
	case parquet.Int32:
		n.SetInt64(int64(v.Int32()))
	case parquet.Int64:
		n.SetInt64(v.Int64())
	default: // two's complement, the most significant byte first
		b := v.ByteArray()
		n.SetBytes(b)
		if len(b) > 0 && b[0]&0x80 != 0 {
			n.Sub(&n, new(big.Int).Lsh(big.NewInt(1), uint(8*len(b))))
		}
	}
	digits := new(big.Int).Abs(&n).String()
	if scale > 0 && scale < 1000 {
		digits = strings.Repeat("0", max(0, scale+1-len(digits))) + digits
		digits = digits[:len(digits)-scale] + "." + digits[len(digits)-scale:]
	}
	if n.Sign() < 0 {
		return "-" + digits
	}
	return digits
}

func writeUUID(b []byte) string {
	if len(b) != 16 {
		return hex.EncodeToString(b)
	}
	h := hex.EncodeToString(binary.BigEndian.AppendUint64(nil, binary.BigEndian.Uint64(b[:8])))
	l := hex.EncodeToString(b[8:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:] + "-" + l[:4] + "-" + l[4:]
}
