package offline

import "github.com/rapportengine/rapport/engine"

// untimed says which splits suit rows without a time.
const untimed = "last-out or random:0.8 need no times"

// checkTimes refuses a cut in time of rows that stand in no order of time.
func (e *evaluation) checkTimes() error {
	if e.Data.Parts != nil || !e.inTime() || e.Data.Undated < len(e.Data.Rows) {
		return nil
	}
	switch {
	case !e.Rule.Cut.IsZero():
		return engine.Invalidf(engine.CodeInvalidField, "cutoff", "no interaction has a time (at), so that no date parts them; %s", untimed)
	case !e.Sessions && e.grouped():
		return engine.Invalidf(engine.CodeInvalidField, "split", "%s cuts in time, and no interaction has a time (at): each customer's rows stand together, so that their order is none of time and whole customers would be held out; %s", e.Rule, untimed)
	}
	return nil
}

// grouped reports whether the rows of each subject stand together, as in a file that is
// sorted by customer.
func (e *evaluation) grouped() bool {
	turns, seen := 0, make(map[engine.Subject]bool)
	var last engine.Subject
	for i := range e.Data.Rows {
		who := e.Data.Rows[i].Subject()
		if who != last {
			turns++
		}
		seen[who], last = true, who
	}
	return turns == len(seen) && len(e.Data.Rows) > turns
}

// warnOfOrder warns where the order of a file stands for time.
func (e *evaluation) warnOfOrder() {
	switch undated := e.Data.Undated; {
	case undated == 0:
	case undated < len(e.Data.Rows):
		e.warn("%d OF %d INTERACTIONS HAVE NO TIME (at): they stand before all others, in the order of their file, whenever they were", undated, len(e.Data.Rows))
	case e.Data.Parts == nil && e.inTime():
		e.warn("NO INTERACTION HAS A TIME (at): %s cuts at a place of the file, as if its rows stood in the order of time; where they do not, these figures say nothing: %s", e.Rule, untimed)
	}
}
