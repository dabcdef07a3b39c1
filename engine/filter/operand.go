package filter

import (
	"slices"
	"strings"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/catalogue"
)

// operand reads one side of a comparison.
func (p *parser) operand() (operand, error) {
	t := p.tok
	switch {
	case t.kind == text:
		return operand{value: catalogue.TextValue(t.text), at: t.at}, p.advance()
	case t.kind == number:
		return operand{value: catalogue.NumberValue(t.num), at: t.at}, p.advance()
	case t.is("-"):
		return p.negative()
	case t.is("true", "false"):
		return operand{value: catalogue.FlagValue(t.text == "true"), at: t.at}, p.advance()
	case t.is("now"):
		return p.moment()
	case t.is("["):
		return p.list()
	case t.kind == quoted || t.kind == word && !keywords[t.text]:
		return p.name()
	case t.kind == duration:
		return operand{}, refuse(t.at, "a duration stands after now (published > now - 30d) or in a function of history (bought(90d))")
	}
	return operand{}, refuse(t.at, "a name or a value is expected here, not %s", shorten(t.String()))
}

func (p *parser) negative() (operand, error) {
	at := p.tok.at
	if err := p.advance(); err != nil {
		return operand{}, err
	}
	if p.tok.kind != number {
		return operand{}, refuse(p.tok.at, "a number is expected after -, not %s", shorten(p.tok.String()))
	}
	return operand{value: catalogue.NumberValue(-p.tok.num), at: at}, p.advance()
}

// moment reads now, now - 30d or now + 30d.
func (p *parser) moment() (operand, error) {
	o := operand{scope: nowScope, at: p.tok.at}
	if err := p.advance(); err != nil {
		return o, err
	}
	back := p.tok.is("-")
	shifted, err := p.take("-", "+")
	if err != nil || !shifted {
		return o, err
	}
	if p.tok.kind != duration {
		return o, refuse(p.tok.at, "a duration such as 30d is expected here, not %s", shorten(p.tok.String()))
	}
	o.span = p.tok.span
	if back {
		o.span = -o.span
	}
	return o, p.advance()
}

// list reads a list of literals.
func (p *parser) list() (operand, error) {
	o := operand{many: true, at: p.tok.at}
	for {
		if err := p.advance(); err != nil { // past [ or ,
			return o, err
		}
		if p.tok.is("]") && len(o.list) == 0 {
			return o, refuse(o.at, "a list has at least one value")
		}
		at := p.tok.at
		if p.tok.is("[") {
			return o, refuse(at, "lists do not nest")
		}
		member, err := p.operand()
		if err != nil {
			return o, err
		}
		if member.scope != literal {
			return o, refuse(at, "a list holds strings, numbers, true and false")
		}
		if len(o.list) == engine.MaxListValues {
			return o, tooMuch(at, "a list has at most %d values", engine.MaxListValues)
		}
		o.list = append(o.list, member)
		if !p.tok.is(",") {
			return o, p.expect("]", "after the last value of the list")
		}
	}
}

// name reads a name of the item, the customer or the context.
func (p *parser) name() (operand, error) {
	first := p.tok
	if err := p.advance(); err != nil {
		return operand{}, err
	}
	if !p.tok.is(".") {
		return itemName(first.text, first.at)
	}
	if err := p.advance(); err != nil {
		return operand{}, err
	}
	second := p.tok
	if second.kind != quoted && second.kind != word {
		return operand{}, refuse(second.at, "a name is expected after the point, not %s", shorten(second.String()))
	}
	if err := p.advance(); err != nil {
		return operand{}, err
	}
	if p.tok.is(".") {
		return operand{}, refuse(p.tok.at, "names have one point at most; put a name that holds a point in backquotes")
	}
	if first.kind == word {
		switch first.text {
		case "attributes":
			return operand{scope: itemScope, field: catalogue.Field{Name: second.text, Attribute: true}, at: first.at}, nil
		case "customer":
			return operand{scope: customerScope, name: second.text, at: first.at}, nil
		case "context":
			if !slices.Contains(contextNames, second.text) {
				return operand{}, refuse(second.at, "context has %s, not %s", strings.Join(contextNames, ", "), shorten(second.text))
			}
			return operand{scope: contextScope, name: second.text, at: first.at}, nil
		}
	}
	return operand{}, refuse(first.at, "before a point stands attributes, customer or context; put a name that holds a point in backquotes: `%s.%s`", shorten(first.text), shorten(second.text))
}

// itemName finds what a name without a point means.
func itemName(name string, at int) (operand, error) {
	if unfilterable[name] {
		return operand{}, refuse(at, "%s cannot be filtered by: filters look at attributes and at %s", name, itemFieldNames())
	}
	field := catalogue.Field{Name: name}
	if _, ok := catalogue.ItemFields[field]; !ok {
		field.Attribute = true
	}
	return operand{scope: itemScope, field: field, at: at}, nil
}

// itemFieldNames lists the fields every item has, for messages.
func itemFieldNames() string {
	names := make([]string, 0, len(catalogue.ItemFields))
	for f := range catalogue.ItemFields {
		names = append(names, f.Name)
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}
