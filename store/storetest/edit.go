package storetest

import (
	"errors"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/rapportengine/rapport/engine"
)

// change returns the command that hands an event's lines to fn.
func change(subj engine.Subject, id string, fn func([]engine.Interaction) []engine.Interaction) engine.UpdateEvent {
	return engine.UpdateEvent{Subject: subj, EventID: id, Update: func(lines []engine.Interaction) ([]engine.Interaction, error) {
		return fn(lines), nil
	}}
}

func remove(subj engine.Subject, id string) engine.UpdateEvent {
	return change(subj, id, func([]engine.Interaction) []engine.Interaction { return nil })
}

func eventsAreChanged(t *testing.T, h *house) {
	h.do(view("e1", "ann", "", "lamp"), order("o2", "ann", "lamp", "rug", "bulb"), view("e3", "ann", "", "vase"))
	h.do(change(ann, "o2", func(lines []engine.Interaction) []engine.Interaction {
		if len(lines) != 3 || lines[1].Item != "rug" {
			t.Errorf("an order of three is given as %+v", lines)
		}
		lines[1].Quantity, lines[2].Item = 4, "new"
		return lines[1:]
	}))
	rows, err := h.History(t.Context(), ann)
	if err != nil {
		t.Fatal(err)
	}
	var got []engine.ItemID
	for _, r := range rows {
		if r.EventID == "o2" {
			got = append(got, r.Item)
		}
	}
	if !slices.Equal(got, []engine.ItemID{"rug", "new"}) {
		t.Errorf("after the change the order holds %q", got)
	}
	last := h.all()[len(h.all())-1]
	if len(last.Was) != 3 || len(last.Rows) != 2 || last.Subject != ann || last.Rows[0].Quantity != 4 || last.Was[1].Quantity != 0 {
		t.Errorf("a change was observed as %+v", last)
	}
	h.do(remove(ann, "e1"))
	h.wantHistory(ann, "o2", "o2", "e3")
	last = h.all()[len(h.all())-1]
	if len(last.Was) != 1 || len(last.Rows) != 0 || last.Was[0].Item != "lamp" {
		t.Errorf("a deletion was observed as %+v", last)
	}
	for _, gone := range []engine.UpdateEvent{remove(ann, "e1"), remove(ben, "e3"), remove(ann, "never")} {
		if r := h.try(gone); !errors.Is(r[0].Err, engine.ErrNotFound) {
			t.Errorf("changing what is not there: %+v, want not found", r[0])
		}
	}
	seq := h.Seq()
	refusal := errors.New("no")
	for _, bad := range []engine.UpdateEvent{
		{Subject: ann, EventID: "e3", Update: func([]engine.Interaction) ([]engine.Interaction, error) { return nil, refusal }},
		change(ann, "e3", func(l []engine.Interaction) []engine.Interaction { l[0].EventID = "e4"; return l }),
		change(ann, "e3", func(l []engine.Interaction) []engine.Interaction { l[0].Customer = "ben"; return l }),
		change(ann, "e3", func(l []engine.Interaction) []engine.Interaction {
			l[0].At = time.Now().Add(time.Hour)
			return l
		}),
		{Subject: ann, EventID: ""},
		{EventID: "e3"},
	} {
		if r := h.try(bad); r[0].Err == nil {
			t.Errorf("a change that makes another event of it is taken")
		}
	}
	if h.Seq() != seq {
		t.Error("a refused change took a sequence number")
	}
}

// A replay tells what was observed, to the row, also where it was changed since.
func tailReplaysChanges(t *testing.T, h *house) {
	bump := func(l []engine.Interaction) []engine.Interaction { l[0].Value++; return l }
	h.do(view("e1", "", "phone", "lamp"), order("o2", "ann", "lamp", "rug"), engine.PutSettings{Settings: engine.Settings{MaxWeight: 3}})
	h.do(view("e3", "ann", "phone", "rug"), change(ann, "e1", bump), change(ann, "e1", bump), remove(ann, "o2"))
	h.do(engine.Merge{From: ann, Into: "ben"}, change(ben, "e1", bump), change(ben, "e3", bump), remove(ben, "e3"))
	observed := h.all()
	for _, after := range []uint64{0, 2, 6, 7, 9} {
		got := h.replayed(after)
		if want := observed[after:]; !reflect.DeepEqual(got, want) {
			t.Errorf("Tail(%d) =\n%+v, want\n%+v", after, got, want)
		}
	}
	h.erase(ben)
	for _, c := range h.replayed(0) {
		if len(c.Rows) > 0 || len(c.Was) > 0 {
			t.Errorf("of an erased person is replayed %+v", c)
		}
	}
}

func settings(t *testing.T, h *house) {
	got, err := h.Settings(t.Context())
	if err != nil || !reflect.DeepEqual(got, engine.DefaultSettings()) {
		t.Errorf("Settings of a new store: %+v, %v; want the default", got, err)
	}
	want := engine.DefaultSettings()
	want.MaxWeight = 9
	want.Types["own"] = engine.TypeSetting{Weight: -0.5, HalfLife: time.Hour, Liked: 2}
	h.do(engine.PutSettings{Settings: engine.Settings{MaxWeight: 1}}, engine.PutSettings{Settings: want})
	if got, err = h.Settings(t.Context()); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("Settings = %+v, %v; want %+v", got, err, want)
	}
	if seen := h.all(); seen[1].Settings == nil || seen[1].Settings.MaxWeight != 9 {
		t.Errorf("settings were observed as %+v", seen[1])
	}
	if got := h.replayed(0); len(got) != 1 || !reflect.DeepEqual(*got[0].Settings, want) {
		t.Errorf("replayed %+v, want the last settings alone", got)
	}
}
