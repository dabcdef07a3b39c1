package recommend

import (
	"strconv"
	"time"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/basket"
	"github.com/rapportengine/rapport/engine/bridge"
	"github.com/rapportengine/rapport/engine/content"
)

// ago says how long ago something was, in whole days.
func ago(d time.Duration) string {
	switch days := int(d / (24 * time.Hour)); {
	case days < 1:
		return "within a day"
	case days == 1:
		return "a day ago"
	default:
		return strconv.Itoa(days) + " days ago"
	}
}

func titleOf(item *engine.Item) string {
	if item.Title != "" {
		return item.Title
	}
	return string(item.ID)
}

// sourceText says what a source as a whole stands for, to a customer.
func (e *explainer) sourceText(source string) string {
	text, impersonal := impersonalText[source]
	switch q := e.voices.query; {
	case source == content.Name && q.Text != nil:
		return "Like what you asked for"
	case impersonal:
		return text
	case source == bridge.ProfileName:
		return "Chosen by what you said of yourself"
	case source == basket.Name:
		return "Bought by customers who buy like you"
	case len(q.Anchors) > 0:
		return "Goes with what you are looking at"
	}
	return "Fits your history as a whole"
}

// impersonalText says what the sources that know no person stand for. A newcomer is
// explained by what it is like, or not at all.
var impersonalText = map[string]string{
	"popular":             "Popular with other customers",
	"popular_month":       "Popular this month",
	"popular_days":        "Popular these days",
	"trending":            "In demand these days",
	"click_through":       "Often chosen by those who see it",
	"newest":              "New",
	content.NewcomersName: "",
	content.NearestName:   "",
}

// ofNewcomers are the sources that speak for items only that no other knows.
var ofNewcomers = map[string]bool{content.NewcomersName: true, content.NearestName: true, bridge.Name: true}

// verbs say in words what a person did with an item.
var verbs = map[engine.Type]string{
	engine.View: "You looked at", engine.Click: "You looked at",
	engine.AddToCart: "You put in your basket", engine.Purchase: "You bought",
	engine.Rating: "You rated", engine.Bookmark: "You saved",
	engine.SolutionUsed: "You used", engine.Solved: "You were helped by",
	engine.NotSolved: "You were not helped by",
	engine.Return:    "You returned", engine.Dismiss: "You dismissed", engine.RemoveFromCart: "You took out of your basket",
}

func verb(t engine.Type) string {
	if d, ok := verbs[t]; ok {
		return d
	}
	return "You know"
}
