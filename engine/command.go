package engine

import "time"

// Command is one write. Every command gets one sequence number, passes one committer
// and is observed by serving in that order. The concrete types are the ones below.
type Command interface{ command() }

type (
	// RecordEvent adds one event: its lines share event id, subject and time.
	RecordEvent struct{ Lines []Interaction }
	// PutItem replaces an item, or adds it.
	PutItem struct{ Item Item }
	// UpdateItem changes an item in place: Update gets the current value (found
	// says whether there was one) and returns the new one, or an error that
	// refuses the command.
	UpdateItem struct {
		ID     ItemID
		Update func(current Item, found bool) (Item, error)
	}
	// DeleteItem takes an item out of the catalogue; its number stays.
	DeleteItem struct{ ID ItemID }
	// PutCustomer replaces a customer's record, or adds it.
	PutCustomer struct{ Customer Customer }
	// UpdateCustomer changes a customer's record in place, as UpdateItem does.
	UpdateCustomer struct {
		ID     CustomerID
		Update func(current Customer, found bool) (Customer, error)
	}
	// PutTicket replaces a ticket, or adds it. At is when that was told, as far as its sender
	// knows, zero for now: what the ticket says without a time is of then.
	PutTicket struct {
		Ticket Ticket
		At     time.Time
	}
	// UpdateTicket changes a ticket in place, as UpdateItem does.
	UpdateTicket struct {
		ID     string
		Update func(current Ticket, found bool) (Ticket, error)
	}
	// DeleteTicket forgets a ticket.
	DeleteTicket struct{ ID string }
	// Merge makes all that From did, and will do, belong to Into.
	Merge struct {
		From Subject
		Into CustomerID
	}
	// Erase forgets everything about a subject and all that was merged into it.
	Erase struct{ Subject Subject }
	// PutScenario replaces a scenario, or adds it.
	PutScenario struct{ Scenario Scenario }
	// DeleteScenario forgets a scenario; a built-in one returns to its default.
	DeleteScenario struct{ Name string }

	// UpdateEvent changes the lines of an event in place: Update gets all of them and
	// returns what they are to be, with the same event id and subject. None deletes the
	// event. The error wraps ErrNotFound where the subject has no such event.
	UpdateEvent struct {
		Subject Subject
		EventID string
		Update  func(lines []Interaction) ([]Interaction, error)
	}

	// PutSettings replaces the shop's settings.
	PutSettings struct{ Settings Settings }
)

func (RecordEvent) command()    {}
func (PutItem) command()        {}
func (UpdateItem) command()     {}
func (DeleteItem) command()     {}
func (PutCustomer) command()    {}
func (UpdateCustomer) command() {}
func (PutTicket) command()      {}
func (UpdateTicket) command()   {}
func (DeleteTicket) command()   {}
func (Merge) command()          {}
func (Erase) command()          {}
func (PutScenario) command()    {}
func (DeleteScenario) command() {}
func (UpdateEvent) command()    {}
func (PutSettings) command()    {}

// Committed is a command that is durable, in the form in which it took effect: an
// UpdateItem arrives as the PutItem it came to, and so on. Exactly one of the
// pointers and slices below is set, by the kind of command.
type Committed struct {
	Seq uint64
	At  time.Time // when the committer took it

	Rows     []Row     // RecordEvent and UpdateEvent, stored under Subject
	Was      []Row     // UpdateEvent: what the event's rows were before; Rows may then be empty
	Subject  Subject   // of Rows, aliases followed; of the ticket; else of the merge's From or the erased
	Num      ItemNum   // of Item or Deleted
	Item     *Item     // PutItem
	Deleted  *ItemID   // DeleteItem
	Customer *Customer // PutCustomer
	Ticket   *Ticket   // PutTicket; Subject is whom it belongs to, nobody where it names no customer
	Left     Subject   // of a ticket: whom it belonged to before, where that was another; no replay tells it
	Scenario *Scenario // PutScenario
	Dropped  string    // DeleteScenario: its name
	Settings *Settings // PutSettings
	// DroppedTicket is the id of DeleteTicket. A replay does not tell of it: a ticket
	// id may name a person, and the tail names nobody.
	DroppedTicket string
	Merged        *Merge   // Merge, both ends resolved; also the link an event with both ids makes
	Erased        *Erasure // Erase
}

// Result is what became of one command, in the order the commands were given.
type Result struct {
	Seq       uint64
	Duplicate bool     // an event whose id was seen lately: nothing was written
	Erased    *Erasure // of an Erase
	Err       error    // why this command was refused (the others were not), else nil
}

// Erasure is the receipt of an erase: counts, and nothing that names anybody.
type Erasure struct {
	Receipt      string    `json:"receipt"`
	At           time.Time `json:"at"`
	Subjects     []string  `json:"subjects"` // hashes, the merged ones included
	Interactions int       `json:"interactions"`
	Impressions  int       `json:"impressions"`
	Tickets      int       `json:"tickets"`
	Records      int       `json:"records"`
	// Backups are those made before the erasure: what was erased is still in them, and
	// is erased again when one is restored.
	Backups []Backup `json:"backups,omitempty"`
}

// Backup is one backup of a store. Where it was written to is not known to the store.
type Backup struct {
	ID       string    `json:"id"`
	At       time.Time `json:"at"`
	Seq      uint64    `json:"seq"`             // every command up to this is in it
	Since    uint64    `json:"since,omitempty"` // position of the backup it adds to; 0: it is whole
	Position uint64    `json:"position"`        // what the next one gives as Since
}
