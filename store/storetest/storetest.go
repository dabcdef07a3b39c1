// Package storetest holds the contract of a store as tests: what serving, training and
// the API rely on, whatever the store lies on.
package storetest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/store"
)

// Run runs the contract. open returns a new, empty store that was not started; Run
// closes it.
func Run(t *testing.T, open func(t *testing.T) *store.Store) {
	for _, part := range []struct {
		name string
		run  func(t *testing.T, h *house)
	}{
		{"EventsComeBackInOrder", eventsComeBackInOrder},
		{"EventsKeepEveryField", eventsKeepEveryField},
		{"OrdersKeepTheirLines", ordersKeepTheirLines},
		{"RetriesCountOnce", retriesCountOnce},
		{"TimesOfAllYears", timesOfAllYears},
		{"BadEventsAreRefusedAlone", badEventsAreRefusedAlone},
		{"UnknownItemsGetNumbers", unknownItemsGetNumbers},
		{"ManyCallersOneOrder", manyCallersOneOrder},
		{"LargeBatchesAreSplit", largeBatchesAreSplit},
		{"AtomicIsAllOrNone", atomicIsAllOrNone},
		{"SessionsBecomeCustomers", sessionsBecomeCustomers},
		{"SharedSessionsJoinNobody", sharedSessionsJoinNobody},
		{"MergesFollowChains", mergesFollowChains},
		{"Items", items},
		{"Customers", customers},
		{"Tickets", tickets},
		{"Scenarios", scenarios},
		{"EventsAreChanged", eventsAreChanged},
		{"TailReplaysChanges", tailReplaysChanges},
		{"OutcomesOfTicketsCountOnce", outcomesOfTicketsCountOnce},
		{"OutcomesOfEventsCountOnce", outcomesOfEventsCountOnce},
		{"OutcomesFollowTheTicket", outcomesFollowTheTicket},
		{"OutcomesAreOfTheTicketsCustomer", outcomesAreOfTheTicketsCustomer},
		{"OutcomesAreOfFixes", outcomesAreOfFixes},
		{"OutcomesOutliveStrangers", outcomesOutliveStrangers},
		{"OutcomesCanBeChanged", outcomesCanBeChanged},
		{"TriesOutlastRecords", triesOutlastRecords},
		{"TriesFromEventsBefore", triesFromEventsBefore},
		{"TriesOfTicketsOpenedAgain", triesOfTicketsOpenedAgain},
		{"LateRecordsReopenNothing", lateRecordsReopenNothing},
		{"EventsBeforeTheirTicket", eventsBeforeTheirTicket},
		{"RecordsWithoutAState", recordsWithoutAState},
		{"OpeningsAreDated", openingsAreDated},
		{"DatesStay", datesStay},
		{"ChangesTurnNoClockBack", changesTurnNoClockBack},
		{"RecordsOfLongTickets", recordsOfLongTickets},
		{"Settings", settings},
		{"ViewsAreOfOneMoment", viewsAreOfOneMoment},
		{"ExportsComeBack", exportsComeBack},
		{"PersonIsEverything", personIsEverything},
		{"UpdatesSeeEachOther", updatesSeeEachOther},
		{"TailReplaysWhatWasObserved", tailReplaysWhatWasObserved},
		{"TailIsTrimmed", tailIsTrimmed},
		{"ScanIsHistoryForAll", scanIsHistoryForAll},
		{"EverybodyIsCustomerAndHistory", everybodyIsCustomerAndHistory},
		{"EraseLeavesNothing", eraseLeavesNothing},
		{"EraseFollowsLinks", eraseFollowsLinks},
		{"EraseLeavesSharedSessions", eraseLeavesSharedSessions},
		{"Impressions", impressions},
		{"Models", models},
		{"Checkpoints", checkpoints},
		{"State", state},
		{"Vectors", vectors},
		{"ClosedIsClosed", closedIsClosed},
	} {
		t.Run(part.name, func(t *testing.T) { part.run(t, start(t, open(t))) })
	}
}

// house is a store under test and all that was observed of it.
type house struct {
	*store.Store
	t *testing.T

	mu       sync.Mutex // guards observed
	observed []engine.Committed
}

// start starts a store. When the test ends its observations must have been in order
// and its every row sound.
func start(t *testing.T, s *store.Store) *house {
	h := &house{Store: s, t: t}
	s.Start(t.Context(), func(group []engine.Committed) {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.observed = append(h.observed, group...)
	})
	t.Cleanup(func() {
		h.checkOrder()
		h.checkRows()
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return h
}

func (h *house) checkOrder() {
	for i, c := range h.all() {
		if c.Seq != uint64(i+1) {
			h.t.Errorf("observation %d has sequence number %d: want them without gaps from 1", i, c.Seq)
			return
		}
	}
}

func (h *house) checkRows() {
	report, err := h.Check(context.Background(), true)
	switch {
	case err == store.ErrClosed:
	case err != nil || len(report.Problems) > 0:
		h.t.Errorf("Check: %v, problems %q", err, report.Problems)
	}
}

// all returns what was observed so far.
func (h *house) all() []engine.Committed {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.observed)
}

// try appends commands and returns their results.
func (h *house) try(cmds ...engine.Command) []engine.Result {
	h.t.Helper()
	results, err := h.Append(h.t.Context(), cmds)
	if err != nil || len(results) != len(cmds) {
		h.t.Fatalf("Append: %d results for %d commands, %v", len(results), len(cmds), err)
	}
	return results
}

// do appends commands, none of which may be refused.
func (h *house) do(cmds ...engine.Command) []engine.Result {
	h.t.Helper()
	results := h.try(cmds...)
	for i, r := range results {
		if r.Err != nil {
			h.t.Fatalf("command %d, %T: %v", i, cmds[i], r.Err)
		}
	}
	return results
}

// history returns the event ids of a subject's history.
func (h *house) history(subj engine.Subject) []string {
	h.t.Helper()
	rows, err := h.History(h.t.Context(), subj)
	if err != nil {
		h.t.Fatalf("History(%s): %v", subj, err)
	}
	ids := []string{}
	for _, r := range rows {
		ids = append(ids, r.EventID)
	}
	return ids
}

func (h *house) wantHistory(subj engine.Subject, want ...string) {
	h.t.Helper()
	if got := h.history(subj); !slices.Equal(got, want) {
		h.t.Errorf("History(%s) = %q, want %q", subj, got, want)
	}
}

var morning = time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)

// view is an event whose time is as many minutes after morning as its id says last.
func view(id string, customer engine.CustomerID, session engine.SessionID, item engine.ItemID) engine.RecordEvent {
	minute := 0
	_, _ = fmt.Sscanf(id[len(id)-1:], "%d", &minute)
	return engine.RecordEvent{Lines: []engine.Interaction{{
		EventID: id, Type: engine.View, Customer: customer, Session: session, Item: item,
		At: morning.Add(time.Duration(minute) * time.Minute),
	}}}
}

var (
	ann   = engine.OfCustomer("ann")
	ben   = engine.OfCustomer("ben")
	phone = engine.OfSession("phone")
)
