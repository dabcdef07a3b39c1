package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/record"
)

// town is a made-up service desk whose truth is known: customers own products, issues
// depend on the product and how long somebody has had it, and every fix of an issue has
// the chance with which it ends it. People describe an issue in one of several ways, half
// of which share few words with the fix; most do not name the product.
type town struct {
	solutions []engine.Item
	events    []engine.Interaction
	solved    []record.Question // before the cut, with what was tried on them
	asked     []record.Question // after it; relevant is every fix that would have ended it
	truth     map[engine.ItemID]float64
}

// issue is a kind of trouble, alike for all families of products but in what ends it.
type issue struct {
	name string
	ways []string   // of telling it
	wear [3]float64 // how frequent in the first month, the first year, later
}

var issues = []issue{
	{"does not turn on", []string{"it does not turn on", "it stays dead when I press the button", "no sign of life at all", "pressing the switch does nothing", "it will not start any more"}, [3]float64{2, 1, 2}},
	{"makes a noise", []string{"it makes a strange noise", "it rattles loudly", "there is a humming sound all the time", "it squeaks whenever it runs", "I hear a loud clicking"}, [3]float64{0.3, 1, 3}},
	{"gets too hot", []string{"it gets too hot", "I can hardly touch the casing", "it burns my fingers after a few minutes", "the outside heats up a lot", "it is overheating"}, [3]float64{0.5, 1, 1.5}},
	{"does not connect", []string{"it does not connect to the wireless network", "my phone cannot find it", "pairing with the app fails every time", "it keeps losing the signal", "no link to the router"}, [3]float64{3, 1, 0.5}},
	{"setup is unclear", []string{"how do I set it up", "I do not understand the instructions", "which step comes first after unpacking", "the manual is in another language", "where do I begin with the installation"}, [3]float64{4, 0.3, 0.1}},
	{"leaks", []string{"it leaks", "there is water below it", "it drips on the floor", "the seal lets liquid out", "a puddle forms under it"}, [3]float64{0.3, 1, 2.5}},
	{"battery is empty soon", []string{"the battery is empty too soon", "it hardly lasts an hour", "I have to charge it all the time", "it loses power within minutes", "the charge does not hold"}, [3]float64{0.2, 0.8, 3}},
	{"a part is missing", []string{"a part is missing from the box", "the package was incomplete", "I did not find the screws", "one piece was not delivered", "something is not included"}, [3]float64{4, 0.1, 0}},
}

var families = []string{"lamp", "kettle", "speaker", "vacuum cleaner", "printer"}

// what ends an issue, in words that a fix is called by; each family has these of its own.
var remedies = []string{"Reset the %s", "Clean the %s", "Exchange the %s"}

var strangers = []string{
	"do you have jobs in the warehouse", "what is the weather in Leeds tomorrow", "can I sponsor your football team", "I want to sell you advertising",
	"who won the match yesterday", "please send me the annual report", "recommend a good restaurant", "how do I train a puppy",
}

var openings = []string{"Hello, ", "Hi there, ", "", "", "Good morning. ", "Please help: "}

var endings = []string{".", ". Thanks.", ", what can I do?", ". I bought it from you.", " since yesterday.", " and I need it today!"}

const (
	productsOfFamily = 6
	strange          = 0.08 // of the tickets nothing fits
	naming           = 0.3  // of the tickets name the product's family
)

// desk draws a town: so many customers, tickets before and after the cut.
func drawTown(seed uint64, customers, before, after int) *town {
	rng := rand.New(rand.NewPCG(seed, 17))
	t := &town{truth: make(map[engine.ItemID]float64)}
	family := func(product int) int { return product / productsOfFamily }
	id := func(product int) engine.ItemID { return engine.ItemID(fmt.Sprintf("P%03d", product)) }
	fixes := make(map[[2]int][]engine.ItemID)
	for f, name := range families {
		var products []engine.ItemID
		for p := range productsOfFamily {
			products = append(products, id(f*productsOfFamily+p))
		}
		for i, trouble := range issues {
			for r, remedy := range remedies {
				fix := engine.ItemID(fmt.Sprintf("%s-%d-%d", strings.ReplaceAll(name, " ", "-"), i, r))
				// One fix of three mostly works; which one says nothing about it.
				t.truth[fix] = [...]float64{0.85, 0.5, 0.2}[(r+f+2*i)%3]
				fixes[[2]int{f, i}] = append(fixes[[2]int{f, i}], fix)
				t.solutions = append(t.solutions, engine.Item{
					ID: fix, Title: fmt.Sprintf(remedy, name) + " that " + trouble.name,
					Text: fmt.Sprintf("What to do where "+trouble.ways[0]+": "+strings.ToLower(remedy)+", step by step.", name), AppliesTo: products,
				})
			}
		}
	}
	begin := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)
	type owned struct {
		product int
		at      time.Time
	}
	owners := make([][]owned, customers)
	for c := range owners {
		for range 1 + rng.IntN(3) {
			o := owned{rng.IntN(len(families) * productsOfFamily), begin.Add(-time.Duration(math.Pow(rng.Float64(), 2)*1000*24) * time.Hour)}
			owners[c] = append(owners[c], o)
			t.events = append(t.events, engine.Interaction{
				Type: engine.Purchase, Customer: engine.CustomerID(fmt.Sprint("c", c)), Item: id(o.product), At: o.at,
			})
		}
	}
	for n := range before + after {
		at := begin.Add(time.Duration(n) * 10 * time.Minute)
		c := rng.IntN(customers)
		q := record.Question{Customer: engine.CustomerID(fmt.Sprint("c", c)), At: at, Channel: []string{"chat", "email", "phone"}[rng.IntN(3)]}
		if rng.Float64() < strange {
			q.Text = openings[rng.IntN(len(openings))] + strangers[rng.IntN(len(strangers))] + endings[rng.IntN(len(endings))]
			t.take(q, n >= before)
			continue
		}
		o := owners[c][rng.IntN(len(owners[c]))]
		i := drawIssue(rng, at.Sub(o.at))
		told := issues[i].ways[rng.IntN(len(issues[i].ways))]
		if rng.Float64() < naming {
			told = "about my " + families[family(o.product)] + ": " + told
		}
		q.Text = openings[rng.IntN(len(openings))] + told + endings[rng.IntN(len(endings))]
		if rng.Float64() < 0.5 { // half of the forms ask for the product
			q.Product = id(o.product)
		}
		may := fixes[[2]int{family(o.product), i}]
		var works []engine.ItemID
		for _, fix := range may {
			if rng.Float64() < t.truth[fix] {
				works = append(works, fix)
			}
		}
		if n >= before {
			q.Relevant = works
			t.take(q, true)
			continue
		}
		// Agents do not know the truth: they try in any order, three times at most.
		for _, k := range rng.Perm(len(may)) {
			outcome := "not_solved"
			for _, fix := range works {
				if fix == may[k] {
					outcome = "solved"
					q.Relevant = append(q.Relevant, fix)
				}
			}
			q.Tried = append(q.Tried, engine.Tried{Item: may[k], Outcome: outcome})
			if outcome == "solved" {
				break
			}
		}
		t.take(q, false)
	}
	return t
}

func (t *town) take(q record.Question, after bool) {
	if after {
		t.asked = append(t.asked, q)
	} else {
		t.solved = append(t.solved, q)
	}
}

// drawIssue draws by how long the product has been there.
func drawIssue(rng *rand.Rand, age time.Duration) int {
	stage := 2
	switch days := age.Hours() / 24; {
	case days < 30:
		stage = 0
	case days < 365:
		stage = 1
	}
	var all float64
	for _, i := range issues {
		all += i.wear[stage]
	}
	at := rng.Float64() * all
	for n, i := range issues {
		if at -= i.wear[stage]; at < 0 {
			return n
		}
	}
	return len(issues) - 1
}
