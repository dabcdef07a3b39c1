package filter

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/rapportengine/rapport/engine/catalogue"
)

// Expr is a parsed expression. It is immutable.
type Expr struct{ root expr }

// String returns the expression in its one canonical form: expressions that differ
// only in spacing, parentheses or spelling of operators print alike.
func (e *Expr) String() string {
	var out strings.Builder
	e.root.write(&out)
	return out.String()
}

// expr is a part of an expression that is true or false.
type expr interface {
	write(out *strings.Builder)
}

type (
	// all and either join parts; a part of one is never of the same type.
	all    []expr
	either []expr
	// not negates; its part is never a not.
	not struct{ part expr }
	// constant is true or false.
	constant bool
	// comparison compares two operands.
	comparison struct {
		op          catalogue.Op
		left, right operand
	}
	// membership says that one of the left values is among the right ones.
	membership struct{ left, right operand }
	// presence says that the item has the field.
	presence struct{ of operand }
	// deed says that this person did so with the item, within the span or, with none,
	// ever.
	deed struct {
		verb string
		span time.Duration
		at   int
	}
)

// scope says whose a name is.
type scope uint8

const (
	literal scope = iota
	itemScope
	customerScope
	contextScope
	nowScope // the time of the request, shifted by span
)

// operand is one side of a comparison.
type operand struct {
	scope scope
	value catalogue.Value // of a literal
	list  []operand       // of a literal list: literals
	many  bool            // the literal is a list
	field catalogue.Field // itemScope
	name  string          // customerScope, contextScope
	span  time.Duration   // nowScope
	at    int
}

func (x all) write(out *strings.Builder) {
	for i, part := range x {
		if i > 0 {
			out.WriteString(" && ")
		}
		if _, or := part.(either); or {
			out.WriteByte('(')
			part.write(out)
			out.WriteByte(')')
			continue
		}
		part.write(out)
	}
}

func (x either) write(out *strings.Builder) {
	for i, part := range x {
		if i > 0 {
			out.WriteString(" || ")
		}
		part.write(out)
	}
}

func (x not) write(out *strings.Builder) {
	switch x.part.(type) {
	case constant, presence, deed:
		out.WriteByte('!')
		x.part.write(out)
	default:
		out.WriteString("!(")
		x.part.write(out)
		out.WriteByte(')')
	}
}

func (x constant) write(out *strings.Builder) { out.WriteString(strconv.FormatBool(bool(x))) }

func (x comparison) write(out *strings.Builder) {
	x.left.write(out)
	out.WriteString(" " + x.op.String() + " ")
	x.right.write(out)
}

func (x membership) write(out *strings.Builder) {
	x.left.write(out)
	out.WriteString(" in ")
	x.right.write(out)
}

func (x presence) write(out *strings.Builder) {
	out.WriteString("has(")
	x.of.write(out)
	out.WriteByte(')')
}

func (x deed) write(out *strings.Builder) {
	out.WriteString(x.verb + "(")
	if x.span > 0 {
		out.WriteString(spanText(x.span))
	}
	out.WriteByte(')')
}

func (o operand) write(out *strings.Builder) {
	switch o.scope {
	case literal:
		o.writeLiteral(out)
	case itemScope:
		if o.field.Attribute && reserved(o.field.Name) {
			out.WriteString("attributes.")
		}
		writeName(out, o.field.Name)
	case customerScope:
		out.WriteString("customer.")
		writeName(out, o.name)
	case contextScope:
		out.WriteString("context.")
		writeName(out, o.name)
	case nowScope:
		out.WriteString("now")
		switch {
		case o.span < 0:
			out.WriteString(" - " + spanText(-o.span))
		case o.span > 0:
			out.WriteString(" + " + spanText(o.span))
		}
	}
}

func (o operand) writeLiteral(out *strings.Builder) {
	if o.many {
		out.WriteByte('[')
		for i, member := range o.list {
			if i > 0 {
				out.WriteString(", ")
			}
			member.write(out)
		}
		out.WriteByte(']')
		return
	}
	switch o.value.Type {
	case catalogue.Text:
		writeText(out, o.value.Text)
	case catalogue.Number:
		out.WriteString(strconv.FormatFloat(o.value.Number, 'g', -1, 64))
	case catalogue.Flag:
		out.WriteString(strconv.FormatBool(o.value.Flag))
	}
}

// writeText writes a string literal.
func writeText(out *strings.Builder, s string) {
	out.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			out.WriteByte('\\')
			out.WriteRune(r)
		case r == '\n':
			out.WriteString(`\n`)
		case r == '\r':
			out.WriteString(`\r`)
		case r == '\t':
			out.WriteString(`\t`)
		case unicode.IsControl(r):
			fmt.Fprintf(out, `\u%04x`, r)
		default:
			out.WriteRune(r)
		}
	}
	out.WriteByte('"')
}

// writeName writes a name, in backquotes unless it is a plain word.
func writeName(out *strings.Builder, name string) {
	if wordLen(name) == len(name) && !keywords[name] {
		out.WriteString(name)
		return
	}
	out.WriteString("`" + strings.ReplaceAll(name, "`", "``") + "`")
}
