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

// mostCounted is up to how many others a text counts: beyond it tells only that there are more.
const mostCounted = 9

// andMore says that what is told is true of so many others.
func andMore(others int) string {
	switch {
	case others == 0:
		return ""
	case others > mostCounted:
		return ", and more"
	}
	return ", and " + strconv.Itoa(others) + " more"
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

// verb says in words what a person did with an item.
func verb(t engine.Type) string {
	switch t {
	case engine.View, engine.Click:
		return "You looked at"
	case engine.AddToCart:
		return "You put in your basket"
	case engine.Purchase:
		return "You bought"
	case engine.Rating:
		return "You rated"
	case engine.Bookmark:
		return "You saved"
	case engine.SolutionUsed:
		return "You used"
	case engine.Solved:
		return "You were helped by"
	case engine.NotSolved:
		return "You were not helped by"
	case engine.Return:
		return "You returned"
	case engine.Dismiss:
		return "You dismissed"
	case engine.RemoveFromCart:
		return "You took out of your basket"
	}
	return "You know"
}
