package text

import (
	"testing"

	"pgregory.net/rapid"
)

func TestMoodOrdersTexts(t *testing.T) {
	angry := []string{
		"This is absolutely disgusting, you robbed me and I am furious!!",
		"WORST service ever. You are useless liars, I will sue you",
		"fuck you, the clock stopped",
		"You are a bunch of thieves, give me my money back",
		"third time I write, this is a disgrace and totally unacceptable",
	}
	calm := []string{
		"The lamp does not light, which bulb do I need?",
		"My parcel is late, when does it come?",
		"there is a problem with the broken switch",
		"I have never had this before",
		"",
	}
	glad := []string{"Thanks, it works great now", "very happy with the excellent help"}
	for _, s := range angry {
		if m := Mood(s); m > -0.6 {
			t.Errorf("%q sounds %.2f, want it angry", s, m)
		}
	}
	for _, s := range calm {
		if m := Mood(s); m < -0.4 || m > 0.3 {
			t.Errorf("%q sounds %.2f, want it calm", s, m)
		}
	}
	for _, s := range glad {
		if m := Mood(s); m < 0.3 {
			t.Errorf("%q sounds %.2f, want it glad", s, m)
		}
	}
	if not, is := Mood("it is not good"), Mood("it is good"); not >= 0 || is <= 0 {
		t.Errorf("not good sounds %.2f, good %.2f", not, is)
	}
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.String().Draw(t, "text")
		if m := Mood(s); m <= -1 || m >= 1 || m != m {
			t.Fatalf("%q sounds %v", s, m)
		}
	})
}
