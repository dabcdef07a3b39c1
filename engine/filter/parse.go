package filter

import (
	"time"
	"unicode/utf8"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/catalogue"
)

// keywords cannot be names unless they stand in backquotes.
var keywords = map[string]bool{"and": true, "or": true, "not": true, "in": true, "true": true, "false": true, "now": true}

// unfilterable are item fields that no posting is kept for.
var unfilterable = map[string]bool{"title": true, "text": true, "text_format": true, "url": true, "image": true, "embedding": true, "attributes": true}

// reserved reports whether a bare name means a field of every item, so that an
// attribute of that name is written attributes.name.
func reserved(name string) bool {
	_, field := catalogue.ItemFields[catalogue.Field{Name: name}]
	return field || unfilterable[name]
}

// Parse reads an expression. Its errors are *engine.Invalid with the byte offset of
// what is wrong. Names are not looked up yet: see Compile.
func Parse(src string) (*Expr, error) {
	if len(src) > engine.MaxFilterBytes {
		return nil, tooMuch(engine.MaxFilterBytes, "a filter has at most %d bytes, this one has %d", engine.MaxFilterBytes, len(src))
	}
	if !utf8.ValidString(src) {
		return nil, refuse(0, "a filter is valid UTF-8")
	}
	p := &parser{lexer: lexer{src: src}}
	if err := p.advance(); err != nil {
		return nil, err
	}
	if p.tok.kind == end {
		return nil, refuse(0, "an expression is needed, such as price < 80")
	}
	root, err := p.disjunction()
	if err != nil {
		return nil, err
	}
	if p.tok.kind != end {
		return nil, refuse(p.tok.at, "&&, || or the end is expected here, not %s", shorten(p.tok.String()))
	}
	return &Expr{root}, nil
}

func tooMuch(at int, want string, args ...any) *engine.Invalid {
	e := refuse(at, want, args...)
	e.Code = engine.CodeLimitExceeded
	return e
}

// parser is a recursive descent with one token of look-ahead.
type parser struct {
	lexer
	tok   token
	terms int
	depth int
}

func (p *parser) advance() (err error) {
	p.tok, err = p.next()
	return err
}

// take advances past one of these symbols or keywords, if it stands here.
func (p *parser) take(these ...string) (bool, error) {
	if !p.tok.is(these...) {
		return false, nil
	}
	return true, p.advance()
}

// expect advances past a symbol that must stand here.
func (p *parser) expect(s, after string) error {
	if !p.tok.is(s) {
		return refuse(p.tok.at, "%s is expected here, %s, not %s", s, after, shorten(p.tok.String()))
	}
	return p.advance()
}

// term counts a comparison or the like.
func (p *parser) term(at int) error {
	if p.terms++; p.terms > engine.MaxFilterTerms {
		return tooMuch(at, "a filter has at most %d terms: use in with a list where many values are compared", engine.MaxFilterTerms)
	}
	return nil
}

// enter counts a level of nesting; p.depth-- leaves it.
func (p *parser) enter(at int) error {
	if p.depth++; p.depth > engine.MaxFilterDepth {
		return tooMuch(at, "parentheses and ! nest at most %d deep", engine.MaxFilterDepth)
	}
	return nil
}

func (p *parser) disjunction() (expr, error) {
	return joined[either](p, p.conjunction, "||", "or")
}

func (p *parser) conjunction() (expr, error) {
	return joined[all](p, p.unary, "&&", "and")
}

// joined reads one part, or several with an operator between them. Parts that are
// joined in the same way, in parentheses, are taken apart: (a && b) && c is
// a && b && c.
func joined[List interface {
	~[]expr
	expr
}](p *parser, part func() (expr, error), operator ...string) (expr, error) {
	var list List
	for {
		one, err := part()
		if err != nil {
			return nil, err
		}
		if inner, ok := one.(List); ok {
			list = append(list, inner...)
		} else {
			list = append(list, one)
		}
		more, err := p.take(operator...)
		switch {
		case err != nil:
			return nil, err
		case !more && len(list) == 1:
			return list[0], nil
		case !more:
			return list, nil
		}
	}
}

// unary reads a part with any ! before it. The parentheses right after a ! are not
// counted as a further level, so that the canonical form never nests deeper.
func (p *parser) unary() (expr, error) {
	at := p.tok.at
	negated, signed := false, false
	for p.tok.is("!", "not") {
		negated, signed = !negated, true
		if err := p.advance(); err != nil {
			return nil, err
		}
	}
	group := p.tok.is("(")
	if signed || group {
		if err := p.enter(at); err != nil {
			return nil, err
		}
		defer func() { p.depth-- }()
	}
	part, err := p.primary(group)
	if err != nil || !negated {
		return part, err
	}
	if inner, ok := part.(not); ok {
		return inner.part, nil
	}
	return not{part}, nil
}

func (p *parser) primary(group bool) (expr, error) {
	if !group {
		return p.comparison()
	}
	if err := p.advance(); err != nil {
		return nil, err
	}
	inner, err := p.disjunction()
	if err != nil {
		return nil, err
	}
	return inner, p.expect(")", "to close the group")
}

// operators maps the written comparison to its meaning.
var operators = map[string]catalogue.Op{
	"==": catalogue.Equal, "!=": catalogue.NotEqual, "<": catalogue.Less,
	"<=": catalogue.LessEqual, ">": catalogue.Greater, ">=": catalogue.GreaterEqual,
}

// comparison reads one term.
func (p *parser) comparison() (expr, error) {
	at := p.tok.at
	if err := p.term(at); err != nil {
		return nil, err
	}
	if p.tok.kind == word {
		call, err := p.call()
		if call != nil || err != nil {
			return call, err
		}
	}
	left, err := p.operand()
	if err != nil {
		return nil, err
	}
	if op, ok := operators[p.tok.text]; ok && p.tok.kind == symbol {
		if err := p.advance(); err != nil {
			return nil, err
		}
		right, err := p.operand()
		return comparison{op, left, right}, err
	}
	negated, err := p.take("not")
	if err != nil {
		return nil, err
	}
	if p.tok.is("in") {
		if err := p.advance(); err != nil {
			return nil, err
		}
		right, err := p.operand()
		if negated {
			return not{membership{left, right}}, err
		}
		return membership{left, right}, err
	}
	if negated {
		return nil, refuse(p.tok.at, "in is expected after not, as in brand not in [\"a\", \"b\"]")
	}
	return p.bare(left)
}

// bare makes a truth value that stands alone a term.
func (p *parser) bare(o operand) (expr, error) {
	switch {
	case o.scope == literal && o.value.Type == catalogue.Flag:
		return constant(o.value.Flag), nil
	case o.scope == literal || o.scope == nowScope:
		return nil, refuse(p.tok.at, "a comparison is expected here: one of == != < <= > >= in, not %s", shorten(p.tok.String()))
	}
	return comparison{catalogue.Equal, o, operand{value: catalogue.FlagValue(true), at: o.at}}, nil
}

// call reads has(name) or a word of history with its parentheses; nil if what stands
// here is something else.
func (p *parser) call() (expr, error) {
	name, at, back := p.tok.text, p.tok.at, *p
	if keywords[name] {
		return nil, nil
	}
	if err := p.advance(); err != nil {
		return nil, err
	}
	if !p.tok.is("(") {
		*p = back
		return nil, nil
	}
	_, isDeed := deeds[name]
	if name != "has" && !isDeed {
		return nil, refuse(at, "%s is not a function: there are has(attribute) and %s, with a duration such as 90d or nothing in the parentheses", shorten(name), deedNames())
	}
	if err := p.advance(); err != nil {
		return nil, err
	}
	if name == "has" {
		of, err := p.operand()
		if err != nil {
			return nil, err
		}
		if of.scope != itemScope {
			return nil, refuse(of.at, "has() takes the name of an attribute of the item")
		}
		return presence{of}, p.expect(")", "after the name")
	}
	var span time.Duration
	if p.tok.kind == duration {
		if span = p.tok.span; span == 0 {
			return nil, refuse(p.tok.at, "a duration above 0 is needed, or none for ever")
		}
		if err := p.advance(); err != nil {
			return nil, err
		}
	}
	return deed{name, span, at}, p.expect(")", "after a duration such as 90d or nothing")
}
