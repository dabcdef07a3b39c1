package filter

import (
	"strings"

	"github.com/rapportengine/rapport/engine/catalogue"
)

// Plan is an expression made ready to be evaluated, against the snapshot it was
// compiled for and every other. It is immutable and safe for concurrent use.
type Plan struct {
	root node
	text string
}

// Fixed reports whether what the plan holds for depends on the items alone, and neither on
// who asks nor when.
func (p *Plan) Fixed() bool { return p.root.fixed() }

// String returns the expression in its canonical form.
func (p *Plan) String() string { return p.text }

// Compile makes a plan and checks it against the attributes that the items of the
// snapshot have: a name that no item has is refused with the names near it, and so is
// a comparison with a type of value that the attribute never has. Its errors are
// *engine.Invalid. Without a snapshot (nil) attributes are not checked, for
// expressions that were accepted earlier: an attribute may have left with its last
// item, and then no item matches.
func Compile(e *Expr, s *catalogue.Snapshot) (*Plan, error) {
	root, err := compiler{s}.node(e.root)
	if err != nil {
		return nil, err
	}
	return &Plan{keep(root, e.root), e.String()}, nil
}

type compiler struct{ schema *catalogue.Snapshot }

func (c compiler) node(e expr) (node, error) {
	switch e := e.(type) {
	case all:
		return c.all(e)
	case either:
		return c.either(e)
	case not:
		part, err := c.node(e.part)
		return notNode{part}, err
	case constant:
		return constNode(e), nil
	case presence:
		return hasNode{e.of.field}, c.known(e.of)
	case deed:
		return pastNode{past{deeds[e.verb], e.span}}, nil
	case comparison:
		return c.comparison(e)
	case membership:
		return c.membership(e)
	}
	panic("filter: an expression of unknown type") // the parser makes no other
}

func (c compiler) all(parts []expr) (node, error) {
	still, moving, kept, err := c.sorted(parts)
	switch {
	case err != nil:
		return nil, err
	case len(moving) == 0:
		return allNode(still), nil
	case len(still) > 1:
		return allNode(append(moving, keep(allNode(still), all(kept)))), nil
	}
	return allNode(append(still, moving...)), nil
}

func (c compiler) either(parts []expr) (node, error) {
	still, moving, kept, err := c.sorted(parts)
	switch {
	case err != nil:
		return nil, err
	case len(moving) == 0:
		return eitherNode(still), nil
	case len(still) > 1:
		return eitherNode(append(moving, keep(eitherNode(still), either(kept)))), nil
	}
	return eitherNode(append(still, moving...)), nil
}

// sorted compiles parts and parts them into those whose answer is fixed, whose
// expressions are kept, and those of the request. Fixed parts beside moving ones are
// as large as what can be cached gets, so they are.
func (c compiler) sorted(parts []expr) (still, moving []node, kept []expr, err error) {
	for _, part := range parts {
		n, err := c.node(part)
		if err != nil {
			return nil, nil, nil, err
		}
		if n.fixed() {
			still, kept = append(still, n), append(kept, part)
		} else {
			moving = append(moving, n)
		}
	}
	if len(still) == 1 && len(moving) > 0 {
		still[0] = keep(still[0], kept[0])
	}
	return still, moving, kept, nil
}

// keep lets the base cache what a fixed composite holds for, by its canonical text.
// What is one lookup is not cached.
func keep(n node, e expr) node {
	if !n.fixed() {
		return n
	}
	switch n := n.(type) {
	case allNode, eitherNode:
		return keptNode{n, textOf(e)}
	case notNode:
		if e, ok := e.(not); ok { // else it is !=, a leaf
			return notNode{keep(n.part, e.part)} // not the complement: allNode does without it
		}
	}
	return n
}

func textOf(e expr) string {
	var out strings.Builder
	e.write(&out)
	return out.String()
}

const twoLiterals = "two literals are compared: one side is the name of an attribute, or of the customer or the context"

// comparison compiles x op y.
func (c compiler) comparison(e comparison) (node, error) {
	if e.op == catalogue.NotEqual {
		e.op = catalogue.Equal
		part, err := c.comparison(e)
		return notNode{part}, err
	}
	for _, o := range [...]operand{e.left, e.right} {
		if o.many {
			return nil, refuse(o.at, "a list stands right of in, as in brand in [\"a\", \"b\"]")
		}
		if o.scope == contextScope && o.name == basketName {
			return nil, refuse(o.at, "context.basket is a list: ask for a member, as in item_id in context.basket")
		}
	}
	key := textOf(e)
	if e.left.scope == literal && e.right.scope == literal {
		return nil, refuse(e.left.at, twoLiterals)
	}
	if e.left.scope != itemScope {
		e.left, e.right, e.op = e.right, e.left, e.op.Flip()
	}
	switch {
	case e.left.scope != itemScope:
		return c.requests(e)
	case e.right.scope == itemScope:
		return nil, refuse(e.right.at, "an item's field is compared with a value, the customer or the context, not with another field")
	}
	with, err := c.source(e.left, e.right)
	if err != nil {
		return nil, err
	}
	if err := c.comparable(e.left, e.op, with); err != nil {
		return nil, err
	}
	return compareNode{e.left.field, e.op, with, key}, nil
}

// requests compiles a comparison in which no item takes part.
func (c compiler) requests(e comparison) (node, error) {
	left, right, err := c.pair(e.left, e.right)
	return requestNode{e.op, left, right}, err
}

// pair makes the sources of a comparison in which no item takes part. If one of them
// is a date, the other is read as one.
func (c compiler) pair(a, b operand) (left, right source, err error) {
	dated := a.scope == nowScope || b.scope == nowScope
	if left, err = newSource(a, dated); err != nil {
		return left, right, err
	}
	right, err = newSource(b, dated)
	return left, right, err
}

// membership compiles x in y.
func (c compiler) membership(e membership) (node, error) {
	if e.left.many {
		return nil, refuse(e.left.at, "one value stands left of in, and the list right of it")
	}
	if e.right.scope == literal && !e.right.many || e.right.scope == nowScope {
		return nil, refuse(e.right.at, "a list is expected right of in: [\"a\", \"b\"], or a name of the item, the customer or the context")
	}
	key := textOf(e)
	switch left, right := e.left.scope == itemScope, e.right.scope == itemScope; {
	case left && right:
		return nil, refuse(e.right.at, "an item's field is looked for in a list, the customer or the context, not in another field")
	case !left && !right:
		if e.left.scope == literal && e.right.scope == literal {
			return nil, refuse(e.left.at, twoLiterals)
		}
		a, b, err := c.pair(e.left, e.right)
		return requestSharesNode{a, b}, err
	case right:
		e.left, e.right = e.right, e.left
	}
	with, err := c.source(e.left, e.right)
	if err != nil {
		return nil, err
	}
	return sharesNode{e.left.field, with, key}, c.sharable(e.left, with)
}

// source makes the value an item's field is compared with.
func (c compiler) source(field, value operand) (source, error) {
	if err := c.known(field); err != nil {
		return source{}, err
	}
	return newSource(value, catalogue.ItemFields[field.field] == catalogue.Time)
}

// newSource makes a source; dated says that strings in it are dates.
func newSource(o operand, dated bool) (source, error) {
	s := source{operand: o, date: dated}
	if o.scope != literal {
		return s, nil
	}
	members := o.list
	if !o.many {
		members = []operand{o}
	}
	for _, m := range members {
		v := m.value
		if dated && v.Type == catalogue.Text {
			if v = dateOf(v); v.Type == 0 {
				return s, refuse(m.at, "a date is expected, such as \"2026-05-01\", \"2026-05-01T10:00:00Z\" or now - 30d")
			}
		}
		s.static = append(s.static, v)
	}
	return s, nil
}
