package recommend

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/catalogue"
	"github.com/rapportengine/rapport/engine/filter"
)

// Place is a scenario made ready for use: its expressions compiled once.
type Place struct {
	Scenario engine.Scenario
	filter   *filter.Plan // nil for none
	boosts   []boost

	stocks, offline stocks // what it shows to anybody now, and offline
	looks           looked
}

type boost struct {
	plan *filter.Plan
	add  float64
}

// NewPlace compiles a scenario against the attributes the catalogue knows; with a nil
// catalogue attributes are not checked. Its errors are *engine.Invalid.
func NewPlace(s engine.Scenario, c *catalogue.Snapshot) (*Place, error) {
	p := &Place{Scenario: s}
	var err error
	if p.filter, err = compile("filter", s.Filter, c); err != nil {
		return nil, err
	}
	if p.boosts, err = compileBoosts("boosts", s.Boosts, c); err != nil {
		return nil, err
	}
	if err := checkArrangement(&s.Arrangement, c); err != nil {
		return nil, err
	}
	return p, checkBlend(s.Blend)
}

// checkArrangement refuses pins that contradict each other and constraints that mean
// nothing.
func checkArrangement(a *engine.Arrangement, c *catalogue.Snapshot) error {
	if c == nil { // it was accepted earlier
		return nil
	}
	for i, p := range a.Pins {
		for j, q := range a.Pins[:i] {
			field := fmt.Sprintf("pins[%d]", i)
			switch {
			case p.Item == q.Item:
				return engine.Invalidf(engine.CodeInvalidField, field+".item_id", "pins[%d] puts %q at rank %d already; an item has one rank", j, q.Item, q.Rank)
			case p.Rank == q.Rank:
				return engine.Invalidf(engine.CodeInvalidField, field+".rank", "pins[%d] puts %q at rank %d already; a rank has one item", j, q.Item, q.Rank)
			}
		}
	}
	return checkConstraints(a.Constraints, c)
}

// checkConstraints refuses attributes that no item has, with the names near them: a
// misspelt constraint would silently hold for every list.
func checkConstraints(list []engine.Constraint, c *catalogue.Snapshot) error {
	for i, constraint := range list {
		field := fmt.Sprintf("constraints[%d].attribute", i)
		if constraint.Depth != 0 && constraint.Attribute != catalogue.FieldCategories.Name {
			return engine.Invalidf(engine.CodeInvalidField, fmt.Sprintf("constraints[%d].depth", i), "only categories have a depth, %s has none", constraint.Attribute)
		}
		if strings.Contains(constraint.Attribute, "`") { // no filter could name it
			return engine.Invalidf(engine.CodeInvalidField, field, "a name without backquotes is wanted")
		}
		_, err := compile(field, "has(`"+constraint.Attribute+"`)", c)
		if invalid, ok := errors.AsType[*engine.Invalid](err); ok {
			invalid.Offset = -1 // the expression is ours
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// checkBlend refuses weights for sources there are not.
func checkBlend(weights map[string]float64) error {
	for _, name := range slices.Sorted(maps.Keys(weights)) {
		if !slices.Contains(sourceNames, name) {
			return engine.Invalidf(engine.CodeUnknownField, "blend."+name, "there is no such source; there are %s", strings.Join(sourceNames, ", "))
		}
		if w := weights[name]; !(w >= 0 && w <= engine.MaxBoost) {
			return engine.Invalidf(engine.CodeInvalidField, "blend."+name, "a weight from 0 to %g is wanted, not %v", engine.MaxBoost, w)
		}
	}
	return nil
}

// compile returns the plan of an expression, nil for an empty one.
func compile(field, text string, c *catalogue.Snapshot) (*filter.Plan, error) {
	if text == "" {
		return nil, nil
	}
	expr, err := filter.Parse(text)
	if err != nil {
		return nil, inField(field, err)
	}
	plan, err := filter.Compile(expr, c)
	if err != nil {
		return nil, inField(field, err)
	}
	return plan, nil
}

func compileBoosts(field string, boosts []engine.Boost, c *catalogue.Snapshot) ([]boost, error) {
	out := make([]boost, 0, len(boosts))
	for i, b := range boosts {
		name := fmt.Sprintf("%s[%d].filter", field, i)
		if b.Filter == "" {
			return nil, engine.Invalidf(engine.CodeMissingField, name, "a boost needs a filter that says which items it lifts")
		}
		plan, err := compile(name, b.Filter, c)
		if err != nil {
			return nil, err
		}
		if b.Add == 0 && c != nil {
			return nil, engine.Invalidf(engine.CodeMissingField, fmt.Sprintf("%s[%d].add", field, i), "a boost needs how much it adds to the score, below or above 0")
		}
		out = append(out, boost{plan, b.Add})
	}
	return out, nil
}

// inField says in which field of the request an expression was wrong.
func inField(field string, err error) error {
	invalid, ok := errors.AsType[*engine.Invalid](err)
	if !ok {
		return err
	}
	named := *invalid
	named.Field = field
	return &named
}

// orders is a request and its place joined: what the story works from.
type orders struct {
	kinds    []engine.Kind
	filters  []*filter.Plan
	boosts   []boost
	count    int
	arrange  engine.Arrangement
	collapse bool
	explain  engine.Explain
	heeded   *heeded // what open tickets say, once the rules were asked for; nil for nothing
}

// join lets the request narrow, add to or replace what the place says: filters are
// both obeyed, boosts added up, everything else replaced. They are written to o.
func (p *Place) join(req *engine.Request, c *catalogue.Snapshot, o *orders) (*orders, error) {
	*o = orders{
		kinds:    p.Scenario.Kinds,
		boosts:   p.boosts,
		arrange:  p.Scenario.Arrangement,
		count:    firstPositive(req.Count, p.Scenario.Count, engine.DefaultCount),
		explain:  req.Explain,
		collapse: true,
	}
	if len(req.Kinds) > 0 {
		o.kinds = req.Kinds
	}
	if o.explain == "" {
		o.explain = engine.ExplainSources
	}
	if p.filter != nil {
		o.filters = append(o.filters, p.filter)
	}
	narrower, err := compile("filter", req.Filter, c)
	if err != nil {
		return nil, err
	}
	if narrower != nil {
		o.filters = append(o.filters, narrower)
	}
	if len(req.Boosts) > 0 {
		more, err := compileBoosts("boost", req.Boosts, c)
		if err != nil {
			return nil, err
		}
		o.boosts = append(o.boosts[:len(o.boosts):len(o.boosts)], more...)
	}
	if err := checkArrangement(&req.Arrangement, c); err != nil {
		return nil, err
	}
	if err := checkProperties(req.ReturnProperties, c); err != nil {
		return nil, err
	}
	o.replaceArrangement(&req.Arrangement)
	return o, nil
}

func (o *orders) replaceArrangement(with *engine.Arrangement) {
	if with.Pins != nil {
		o.arrange.Pins = with.Pins
	}
	if with.Constraints != nil {
		o.arrange.Constraints = with.Constraints
	}
	if with.Diversity != nil {
		o.arrange.Diversity = with.Diversity
	}
	if with.MinRelevance != nil {
		o.arrange.MinRelevance = with.MinRelevance
	}
	if with.Collapse != nil {
		o.arrange.Collapse = with.Collapse
	}
	if o.arrange.Collapse != nil {
		o.collapse = *o.arrange.Collapse
	}
}

func firstPositive(values ...int) int {
	for _, v := range values {
		if v > 0 {
			return v
		}
	}
	return 0
}
