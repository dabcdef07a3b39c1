package recommend

import "testing"

// Lists look at the fewest items first while that mostly is enough; where it is not, few try, until
// it is again.
func TestLooksFollowHowTheyFare(t *testing.T) {
	var l looked
	run := func(enough func(n int) bool) (few int) {
		for n := range 2000 {
			if l.few() {
				few++
				l.told(enough(n))
			}
		}
		return few
	}
	if few := run(func(n int) bool { return n%20 > 0 }); few != 2000 {
		t.Errorf("%d of 2,000 lists look at the fewest where that is enough for nineteen in twenty", few)
	}
	if few := run(func(int) bool { return false }); few > 100 {
		t.Errorf("%d of 2,000 lists look at the fewest where that never is enough", few)
	}
	for range 20 {
		run(func(int) bool { return true })
	}
	if few := run(func(int) bool { return true }); few != 2000 {
		t.Errorf("%d of 2,000 lists look at the fewest where that is enough again", few)
	}
}
