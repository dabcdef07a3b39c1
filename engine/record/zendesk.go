package record

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/rapportengine/rapport/engine"
	terms "github.com/rapportengine/rapport/engine/text"
)

// Zendesk's articles (Help Center API) and tickets (Support API, incremental and full JSON
// exports) are objects that mean more than their names say: who wrote a comment, which locale
// an article is a translation of. So they have schemas of their own, which know our fields,
// too, for who maps a key of theirs onto one. What we have no use for is passed over.
const (
	zendeskPreset = "zendesk"
	guidePreset   = "zendesk-guide"
)

// passed is a field that says nothing to us, though one of ours has its name.
func passed[T any](name string) field[T] {
	return field[T]{name: name, set: func(*T, value) problem { return nil }}
}

// kin tells articles from tickets by their keys: a file of the one is soon read as the other, and
// what is passed over would be nearly all of it.
type kin struct {
	own     bool   // a key that only records of its kind have was met
	strange string // the first that only those of the other have
}

// knowing has fields note which keys a record has: own are those that tell its kind, strange
// those that tell the other.
func knowing[T any](fields []field[T], part func(*T) *kin, own, strange []string) []field[T] {
	for i, f := range fields {
		if slices.Contains(own, f.name) {
			fields[i].set = func(t *T, v value) problem { part(t).own = true; return f.set(t, v) }
		}
	}
	for _, name := range strange {
		fields = append(fields, field[T]{name: name, set: func(t *T, _ value) problem {
			part(t).strange = cmp.Or(part(t).strange, name)
			return nil
		}})
	}
	return fields
}

// check refuses a record that has keys of the other kind, and none of its own.
func (k *kin) check(own, other, as, preset string) problem {
	if k.own || k.strange == "" {
		return nil
	}
	return refuse("this looks like %s: it has %q, and nothing that only %s has; what reads such a file is --as %s --preset %s", other, k.strange, own, as, preset)
}

// What only articles and only tickets have: keys of Zendesk's and of ours.
var (
	articleKeys = []string{"item_id", "title", "body", "html_url", "locale", "source_locale", "draft", "section_id", "label_names", "user_segment_id", "promoted"}
	ticketKeys  = []string{
		"ticket_id", "messages", "subject", "raw_subject", "status", "requester_id", "requester", "submitter_id", "assignee_id", "assignee", "via",
		"priority", "recipient", "ticket_form_id", "satisfaction_rating", "metric_set", "comments", customFields,
	}
)

// pageOf refuses a page of records where one is wanted.
func pageOf[T any](name string) field[T] {
	return field[T]{name: name, set: func(*T, value) problem {
		return refuse("this is a page of %s; send them one a line: jq -c '.%s[]' page.json", name, name)
	}}
}

// article is an article of a help center as it is written.
type article struct {
	engine.Item
	name, locale, source string
	section, category    string // by name, else the section's id
	sectionID            string
	restricted           bool // not for everybody
	kin                  kin
}

var guideSchema = &schema[article]{
	what: itemSchema.what,
	own:  true,
	fields: knowing(slices.Concat(lifted(itemSchema.fields, func(a *article) *engine.Item { return &a.Item }), []field[article]{
		pageOf[article]("articles"),
		numberedField("id", func(a *article) *engine.ItemID { return &a.ID }),
		numberedField("group_id", func(a *article) *string { return &a.GroupID }),
		textField("name", engine.MaxTitleBytes, func(a *article) *string { return &a.name }),
		textField("body", engine.MaxTextBytes, func(a *article) *string { return &a.Text }),
		passed[article]("url"), // of the API
		textField("html_url", engine.MaxTitleBytes, func(a *article) *string { return &a.URL }),
		localeField("locale", func(a *article) *string { return &a.locale }),
		localeField("source_locale", func(a *article) *string { return &a.source }),
		truthField("draft", func(a *article) *bool { return &a.Hidden }),
		timeField("created_at", func(a *article) **time.Time { return &a.Published }),
		numberedField("section_id", func(a *article) *string { return &a.sectionID }),
		textField("section_name", engine.MaxTitleBytes, func(a *article) *string { return &a.section }),
		textField("category_name", engine.MaxTitleBytes, func(a *article) *string { return &a.category }),
		{name: "label_names", set: func(a *article, v value) problem {
			if v.kind == null {
				return nil
			}
			labels, p := v.attribute()
			if list, is := labels.([]string); p == nil && is && len(list) > 0 {
				p = putAttribute(&a.Attributes, "labels", list)
			}
			return p
		}},
		{name: "user_segment_id", set: func(a *article, v value) problem {
			a.restricted = a.restricted || v.kind != null
			return nil
		}},
		{name: "user_segment_ids", set: func(a *article, v value) problem {
			return v.each(engine.MaxListValues, "a list of ids", func(int, value) problem { a.restricted = true; return nil })
		}},
	}), func(a *article) *kin { return &a.kin }, articleKeys, ticketKeys),
	passes: true,
	inner: map[string]func(*article, string, value) problem{
		"attributes": func(a *article, name string, v value) problem { return setColumn(&a.Attributes, name, v) },
	},
	check: func(a *article) problem { return itemSchema.check(&a.Item) },
}

// finishArticle makes an item of an article. A translation is an item of its own, of the
// group of all of them.
func finishArticle(a *article, c *reading) (engine.Item, problem) {
	if p := a.kin.check("an article", "a ticket", "tickets", zendeskPreset); p != nil {
		return a.Item, p
	}
	if a.ID == "" {
		return a.Item, missing("id", "an id of 1 to %d bytes is needed", engine.MaxIDBytes)
	}
	a.Kind = cmp.Or(a.Kind, engine.Solution)
	a.Title = cmp.Or(a.Title, a.name)
	if a.Text != "" {
		a.TextFormat = cmp.Or(a.TextFormat, "html")
	}
	if strings.TrimSpace(terms.Plain(a.Text, a.TextFormat)) == "" {
		a.Hidden = true // a title alone is a draft of a fix
	}
	a.Language = cmp.Or(a.Language, a.locale)
	if a.GroupID == "" {
		a.GroupID = string(a.ID)
	}
	if a.source != "" && a.locale != "" && a.locale != a.source {
		a.ID += engine.ItemID("-" + strings.ToLower(a.locale))
	}
	if a.restricted && a.Visibility == "" {
		a.Visibility = engine.AgentOnly
	}
	if len(a.Categories) == 0 {
		a.Categories = a.path()
	}
	got, p := whole(itemSchema)(&a.Item, c)
	return got, shift(&got, c, p)
}

// path is the category of an article: that of the help center and the section, as far as they
// are named, else the section's id.
func (a *article) path() []string {
	var parts []string
	for _, name := range []string{a.category, a.section} {
		if name = strings.TrimSpace(strings.ReplaceAll(name, "/", "-")); name != "" {
			parts = append(parts, name)
		}
	}
	switch {
	case len(parts) > 0:
		return []string{strings.Join(parts, "/")}
	case a.sectionID != "":
		return []string{a.sectionID}
	}
	return nil
}

// numberedField is an id that may be a number.
func numberedField[T any, S ~string](name string, into func(*T) *S) field[T] {
	return field[T]{name: name, set: func(t *T, v value) problem {
		s, p := v.anyID()
		*into(t) = S(s)
		return p
	}}
}

// subjectField is a subject as mail clients leave it: blanks alone are none.
func subjectField(name string, into func(*zendeskTicket) *string) field[zendeskTicket] {
	return field[zendeskTicket]{name: name, set: func(t *zendeskTicket, v value) problem {
		s, p := v.private(engine.MaxTitleBytes)
		if isBlank(s) {
			s = ""
		}
		*into(t) = s
		return p
	}}
}

// localeField is a locale such as en-us: a language tag whose region is written in capitals.
func localeField[T any](name string, into func(*T) *string) field[T] {
	return field[T]{name: name, set: func(t *T, v value) problem {
		s, p := v.str(64)
		if p != nil || v.kind == null {
			return p
		}
		if !isLanguage(s) {
			return refuse("a locale such as en-us is wanted, got %q", s)
		}
		parts := strings.Split(strings.ToLower(s), "-")
		for i, part := range parts[1:] {
			if len(part) == 2 {
				parts[i+1] = strings.ToUpper(part)
			}
		}
		*into(t) = strings.Join(parts, "-")
		return nil
	}}
}

// zendeskTicket is a ticket of Zendesk's as it is written.
type zendeskTicket struct {
	ticket
	status           string
	requester        string // their id there, by which comments know them
	known            string // the requester's id in the shop, where the shop told
	group, groupID   string
	rawSubject       string
	description      string
	comments         []comment
	solved           *time.Time
	satisfactionGood *bool
	kin              kin
}

// comment is one of a ticket's.
type comment struct {
	author, text, plain string
	links               []string // ids of articles of the help center
	hidden              bool     // for agents alone
	at                  time.Time
}

// articleLink is where a comment points to an article.
var articleLink = regexp.MustCompile(`/hc/(?:[a-zA-Z-]+/)?articles/([0-9]{1,20})`)

// body reads what a comment says, and the articles it points to: before what looks like a
// number of somebody's is taken out of it.
func (c *comment) body(v value) (string, problem) {
	s, p := v.str(engine.MaxTextBytes)
	for _, m := range articleLink.FindAllStringSubmatch(s, engine.MaxListValues) {
		if !slices.Contains(c.links, m[1]) {
			c.links = append(c.links, m[1])
		}
	}
	if p == nil && v.env.redact {
		s = Redact(s)
	}
	return s, p
}

var zendeskSchema = &schema[zendeskTicket]{
	what: ticketSchema.what,
	own:  true,
	fields: knowing(slices.Concat(lifted(ticketSchema.fields, func(t *zendeskTicket) *ticket { return &t.ticket }), []field[zendeskTicket]{
		pageOf[zendeskTicket]("tickets"),
		numberedField("id", func(t *zendeskTicket) *string { return &t.ID }),
		subjectField("subject", func(t *zendeskTicket) *string { return &t.Subject }),
		subjectField("raw_subject", func(t *zendeskTicket) *string { return &t.rawSubject }),
		{name: "description", set: func(t *zendeskTicket, v value) (p problem) {
			t.description, p = v.private(engine.MaxTextBytes)
			return p
		}},
		enumField("status", func(t *zendeskTicket) *string { return &t.status }, "new", "open", "pending", "hold", "solved", "closed", "deleted"),
		numberedField("requester_id", func(t *zendeskTicket) *string { return &t.requester }),
		{name: "requester", set: func(t *zendeskTicket, v value) problem { return t.person(v, &t.requester, &t.known) }},
		numberedField("assignee_id", func(t *zendeskTicket) *string { return &t.Agent }),
		{name: "assignee", set: func(t *zendeskTicket, v value) problem { return t.person(v, &t.Agent, nil) }},
		numberedField("group_id", func(t *zendeskTicket) *string { return &t.groupID }),
		{name: "group", set: func(t *zendeskTicket, v value) problem {
			return v.members(func(name string, v value) (p problem) {
				switch name {
				case "id":
					t.groupID, p = v.anyID()
				case "name":
					t.group, p = v.str(engine.MaxIDBytes)
				}
				return p
			})
		}},
		{name: "via", set: func(t *zendeskTicket, v value) problem {
			return v.members(func(name string, v value) problem {
				if name == "channel" && (v.kind == text || v.kind == null) {
					channel, p := v.str(engine.MaxIDBytes)
					t.Channel = zendeskChannels[channel]
					return p
				}
				return nil
			})
		}},
		timeField("created_at", func(t *zendeskTicket) **time.Time { return &t.OpenedAt }),
		{name: "metric_set", set: func(t *zendeskTicket, v value) problem {
			return v.members(func(name string, v value) problem {
				if name != "solved_at" {
					return nil
				}
				at, p := v.time()
				return optional(v, &t.solved, at, p)
			})
		}},
		{name: "satisfaction_rating", set: func(t *zendeskTicket, v value) problem {
			if v.kind != object {
				return nil // a word where nothing was rated
			}
			return v.members(func(name string, v value) problem {
				if name != "score" {
					return nil
				}
				score, p := v.str(engine.MaxIDBytes)
				if good := strings.HasPrefix(score, "good"); good || strings.HasPrefix(score, "bad") {
					t.satisfactionGood = &good
				}
				return p
			})
		}},
		{name: "comments", set: func(t *zendeskTicket, v value) (p problem) {
			t.comments, p = parts(commentSchema, engine.MaxMessages, v)
			return p
		}},
		passed[zendeskTicket](customFields), // readZendesk looks into it
	}), func(t *zendeskTicket) *kin { return &t.kin }, ticketKeys, articleKeys),
	passes: true,
	skip:   func(t *zendeskTicket) bool { return t.status == "deleted" },
}

const customFields = "custom_fields"

// person reads somebody: their id there, and theirs in the shop where known is not nil.
func (t *zendeskTicket) person(v value, id, known *string) problem {
	return v.members(func(name string, v value) (p problem) {
		switch {
		case name == "id":
			*id, p = v.anyID()
		case name == "external_id" && known != nil:
			*known, p = v.anyID()
		}
		return p
	})
}

// zendeskChannels are our words for how a ticket came; others are unknown.
var zendeskChannels = map[string]string{
	"web": "web", "web_form": "web", "web_widget": "web", "web_service": "web", "help_center": "web", "feedback_tab": "web",
	"mobile": "app", "mobile_sdk": "app",
	"email": "email", "mail": "email",
	"chat": "chat", "messaging": "chat", "native_messaging": "chat", "whatsapp": "chat", "sms": "chat", "facebook": "chat", "instagram_dm": "chat", "twitter": "chat", "line": "chat", "telegram": "chat",
	"voice": "phone", "phone": "phone",
}

var zendeskStates = map[string]string{"new": "open", "open": "open", "pending": "pending", "hold": "pending", "solved": "solved", "closed": "closed"}

var commentSchema = &schema[comment]{
	what: "field of a comment",
	fields: []field[comment]{
		numberedField("author_id", func(c *comment) *string { return &c.author }),
		{name: "author", set: func(c *comment, v value) problem { return new(zendeskTicket).person(v, &c.author, nil) }},
		{name: "body", set: func(c *comment, v value) (p problem) {
			c.text, p = c.body(v)
			return p
		}},
		{name: "plain_body", set: func(c *comment, v value) (p problem) {
			c.plain, p = c.body(v)
			return p
		}},
		{name: "html_body", set: func(c *comment, v value) (p problem) {
			_, p = c.body(v)
			return p
		}},
		{name: "public", set: func(c *comment, v value) problem {
			public, p := v.truth()
			c.hidden = !public && v.kind != null
			return p
		}},
		{name: "created_at", set: func(c *comment, v value) (p problem) { c.at, p = v.time(); return p }},
	},
	passes: true,
}

// finishZendesk makes a ticket of one of Zendesk's.
func finishZendesk(t *zendeskTicket, c *reading) (engine.Ticket, problem) {
	if p := t.kin.check("a ticket", "an article", "items", guidePreset); p != nil {
		return t.Ticket, p
	}
	if t.Customer == "" {
		t.Customer = engine.CustomerID(cmp.Or(t.known, t.requester))
	}
	t.Subject = cmp.Or(t.Subject, t.rawSubject)
	t.Queue = cmp.Or(t.Queue, t.group, t.groupID)
	t.State = cmp.Or(t.State, zendeskStates[t.status])
	if over := t.State == string(engine.Solved) || t.State == "closed"; over && t.ClosedAt == nil {
		if t.ClosedAt = t.solved; t.ClosedAt == nil {
			t.ClosedAt = t.UpdatedAt
		}
	}
	if t.satisfactionGood != nil && t.CSAT == nil {
		score := float64(worstCSAT)
		if *t.satisfactionGood {
			score = bestCSAT
		}
		t.CSAT = &score
	}
	if len(t.Messages) == 0 {
		t.Messages = t.talk()
	}
	if len(t.Solutions) == 0 {
		t.Solutions = t.tried()
	}
	if len(t.Messages) == 0 && t.text == "" && !isBlank(t.description) {
		t.text = t.description
	}
	if t.ID == "" {
		return t.Ticket, missing("id", "an id of 1 to %d bytes is needed", engine.MaxIDBytes)
	}
	if p := t.check(); p != nil {
		return t.Ticket, p
	}
	return finishTicket(&t.ticket, c)
}

// talk are the comments that the customer may read, by who wrote them.
func (t *zendeskTicket) talk() (out []engine.Message) {
	for _, c := range t.comments {
		said := cmp.Or(c.plain, c.text)
		if c.hidden || strings.TrimSpace(said) == "" {
			continue
		}
		from := "agent"
		if c.author == t.requester {
			from = "customer"
		}
		out = append(out, engine.Message{From: from, Text: said, At: c.at})
	}
	return out
}

// tried are the articles that agents sent. What came of them nobody notes there: the one of
// a solved ticket is taken for what solved it, if it is the only one.
func (t *zendeskTicket) tried() (out []engine.Tried) {
	for _, c := range t.comments {
		if c.hidden || c.author == t.requester {
			continue
		}
		for _, id := range c.links {
			sent := func(before engine.Tried) bool { return string(before.Item) == id }
			if len(out) < engine.MaxListValues && !slices.ContainsFunc(out, sent) {
				out = append(out, engine.Tried{Item: engine.ItemID(id), At: c.at})
			}
		}
	}
	return out
}

// custom has the custom fields that the caller mapped, as custom_fields.ID, read into what
// they are mapped onto.
func custom(d *decoder[zendeskTicket]) finish[zendeskTicket, engine.Ticket] {
	place := d.index[customFields]
	d.fields = slices.Clone(d.fields)
	d.fields[place].set = func(t *zendeskTicket, v value) problem {
		return v.each(engine.MaxListValues, "a list of objects with id and value", func(_ int, v value) problem {
			id, given := "", value{kind: null, env: v.env}
			p := v.members(func(name string, v value) (p problem) {
				switch name {
				case "id":
					id, p = v.anyID()
				case "value":
					given = v
				}
				return p
			})
			into, mapped := d.index[customFields+"."+id]
			if p != nil || !mapped || into < 0 || given.kind == null {
				return p
			}
			if given.kind == number {
				given.kind = cell // ids are texts to us
			}
			return at(id, d.fields[into].set(t, given))
		})
	}
	return finishZendesk
}
