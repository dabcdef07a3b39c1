package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rapportengine/rapport/engine"
)

// childrenOf are the processes that a process has started and that live.
func childrenOf(t *testing.T, parent int) (out []int) {
	t.Helper()
	lists, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", parent))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range lists {
		text, _ := os.ReadFile(name) // a thread that has ended meanwhile has none
		for _, word := range strings.Fields(string(text)) {
			id, err := strconv.Atoi(word)
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, id)
		}
	}
	return out
}

// trainerOf waits for the process that trains for another.
func trainerOf(t *testing.T, parent int) (id int) {
	t.Helper()
	return childThat(t, parent, helperName)
}

// childThat waits for the process that does something for another.
func childThat(t *testing.T, parent int, does string) (id int) {
	t.Helper()
	eventually(t, "there is a process for "+does, func() bool {
		for _, child := range childrenOf(t, parent) {
			line, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", child))
			if strings.Contains(string(line), does) {
				id = child
			}
		}
		return id != 0
	})
	return id
}

// A process that was killed is waited for no longer than it may take to die; what is said of its
// end first counts.
func TestEnding(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		late := 0
		said := errors.New("said")
		soon := newEnding(t.Context(), func() { late++ })
		soon.due()
		time.Sleep(deathTime - 1)
		soon.is(said)
		if err := soon.wait(); !errors.Is(err, said) {
			t.Errorf("it ended with %v, want %v", err, said)
		}
		ctx, cancel := context.WithCancel(t.Context())
		never := newEnding(ctx, func() { late++ })
		time.Sleep(time.Hour)
		killed := time.Now()
		cancel()
		if err := never.wait(); err == nil || late != 1 || time.Since(killed) != deathTime {
			t.Errorf("%v after it was killed its end is %v, late %d times", time.Since(killed), err, late)
		}
		never.is(said)
		if err := never.wait(); errors.Is(err, said) {
			t.Error("what was said later counts")
		}
		well := newEnding(t.Context(), func() { late++ })
		well.is(nil)
		if err := well.wait(); err != nil || late != 1 {
			t.Errorf("it ended well: %v, late %d times", err, late)
		}
	})
}

// asksToTrain asks a server to train, and returns what tells how that goes.
func (s *served) asksToTrain(t *testing.T) func() engine.Job {
	t.Helper()
	status, body := s.ask(t, http.MethodPost, "/v1/models/train", "")
	var job engine.Job
	if err := json.Unmarshal([]byte(body), &job); err != nil || status != http.StatusAccepted {
		t.Fatalf("status %d: %s", status, body)
	}
	return func() engine.Job {
		_, body := s.ask(t, http.MethodGet, "/v1/jobs/"+job.ID, "")
		if err := json.Unmarshal([]byte(body), &job); err != nil {
			t.Fatalf("%v: %s", err, body)
		}
		return job
	}
}

func kill(t *testing.T, id int) {
	t.Helper()
	if err := syscall.Kill(id, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
}

// TestTrainingIsAProcessOfItsOwn holds of a server's training that it gives way with all its threads, is the
// first to go where memory runs out, and brings a model; that one that is killed is a job that
// failed and says why, and the server goes on; and that with --train-apart never there is none.
func TestTrainingIsAProcessOfItsOwn(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "w")
	if err := snapshot(dir, smallShop(t)); err != nil {
		t.Fatal(err)
	}
	s := start(t, "serve", "--dir", dir, "--addr", "127.0.0.1:0", "--train-every", "0")
	id := trainerOf(t, os.Getpid()) // there is no model: it trains at once
	eventually(t, "all its threads give way", func() bool {
		threads, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", id))
		if err != nil {
			t.Fatalf("the training had ended before anything was seen of it: %v", err)
		}
		for _, thread := range threads {
			if n, _ := strconv.Atoi(thread.Name()); policyOf(n) != schedIdle {
				return false
			}
		}
		return true
	})
	if score, err := os.ReadFile(fmt.Sprintf("/proc/%d/oom_score_adj", id)); err != nil || strings.TrimSpace(string(score)) != "1000" {
		t.Errorf("oom_score_adj is %q, %v", score, err)
	}
	kill(t, id)
	eventually(t, "the server says why there is no model", func() bool { return strings.Contains(s.err.String(), "it was killed") })
	first := s.asksToTrain(t)
	kill(t, trainerOf(t, os.Getpid()))
	eventually(t, "the job has ended", func() bool { return first().State != engine.JobRunning })
	if got := first(); got.State != engine.JobFailed || !strings.Contains(got.Detail, "memory") {
		t.Errorf("the job of a training that was killed: %+v", got)
	}
	if status, body := s.ask(t, http.MethodGet, "/v1/customers/anybody/recommendations?count=3", ""); status != http.StatusOK {
		t.Errorf("after it the server answers %d: %s", status, body)
	}
	second := s.asksToTrain(t)
	trainerOf(t, os.Getpid())
	eventually(t, "the next training ends", func() bool { return second().State != engine.JobRunning })
	if got := second(); got.State != engine.JobSucceeded || got.Version == 0 {
		t.Errorf("the job of a training apart: %+v", got)
	}
	for _, left := range childrenOf(t, os.Getpid()) {
		if line, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", left)); strings.Contains(string(line), helperName) {
			t.Errorf("after it the process %d is left", left)
		}
	}
	s.end(t)

	s = start(t, "serve", "--dir", dir, "--addr", "127.0.0.1:0", "--train-every", "0", "--train-apart", "never")
	third := s.asksToTrain(t)
	eventually(t, "a training here is well under way", func() bool { return third().Progress > 0 })
	if n := len(childrenOf(t, os.Getpid())); n != 0 {
		t.Errorf("with --train-apart never %d processes are started", n)
	}
}

// TestATrainingEndsWithItsServer: also where that has no time to say so.
func TestATrainingEndsWithItsServer(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "w")
	if err := snapshot(dir, smallShop(t)); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestKillChild$")
	cmd.Env = append(os.Environ(), "RAPPORT_KILL_CHILD=serve", "RAPPORT_KILL_DIR="+dir)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	id := trainerOf(t, cmd.Process.Pid)
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	eventually(t, "the training has ended, too", func() bool {
		line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", id))
		return err != nil || !strings.Contains(string(line), helperName)
	})
}

// TestATrainingHasTheKeysItNeeds holds that a process that trains asks the embedder with the key that
// the server was given, though its file is gone, and is told none of the server's own.
func TestATrainingHasTheKeysItNeeds(t *testing.T) {
	t.Setenv("RAPPORT_PUBLISHABLE_KEY", "pk-hidden")
	t.Setenv("RAPPORT_TOKEN_SECRET", "deeply-hidden-from-everybody-else")
	t.Setenv("RAPPORT_KEY", "")
	t.Setenv("RAPPORT_EMBEDDER_KEY", "another")
	far := newRemoteEmbedder(t) // takes no key but hush
	dir, key := filepath.Join(t.TempDir(), "w"), write(t, "key", "hush\n")
	if err := snapshot(dir, smallShop(t)); err != nil {
		t.Fatal(err)
	}
	s := start(t, "serve", "--dir", dir, "--addr", "127.0.0.1:0", "--train-every", "0",
		"--embedder-url", far.URL, "--embedder-model", "one", "--embedder-dims", "3", "--embedder-key-file", key)
	kill(t, trainerOf(t, os.Getpid())) // the first, which began by itself
	eventually(t, "the first training has ended", func() bool { return strings.Contains(s.err.String(), "it was killed") })
	if err := os.Remove(key); err != nil {
		t.Fatal(err)
	}
	job := s.asksToTrain(t)
	id := trainerOf(t, os.Getpid())
	for _, name := range []string{"environ", "cmdline"} {
		var held []byte
		eventually(t, "it has begun", func() bool { // what is read before is the server's own
			line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", id))
			if err != nil {
				t.Fatal(err)
			}
			if held, err = os.ReadFile(fmt.Sprintf("/proc/%d/%s", id, name)); err != nil {
				t.Fatal(err)
			}
			return strings.Contains(string(line), helperName)
		})
		for _, word := range []string{"hidden", "another"} {
			if strings.Contains(string(held), word) {
				t.Errorf("its %s tells of a key it does not need", name)
			}
		}
		if (name == "environ") != strings.Contains(string(held), "hush") {
			t.Errorf("the embedder's key is not where it belongs: %s", name)
		}
	}
	eventually(t, "the training ends", func() bool { return job().State != engine.JobRunning })
	if got := job(); got.State != engine.JobSucceeded {
		t.Errorf("its job: %+v", got)
	}
}

// full is a file on a disk without room.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, syscall.ENOSPC }

// TestATrainingOutlivesItsLog holds that a process whose words cannot be kept goes on, and that
// what it died of is known all the same.
func TestATrainingOutlivesItsLog(t *testing.T) {
	h := helperCommand{does: helperName, format: "text", workers: 1, said: &lastWords{to: full{}}}
	helper, err := h.start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := helper.In.Close(); err != nil { // so that it has something to say
		t.Fatal(err)
	}
	if err := helper.Wait(); err == nil || !strings.HasPrefix(err.Error(), "exit status 1: rapport: a training apart") {
		t.Errorf("it ended with %v", err)
	}
	// What it says in passing must not end it: the second line would.
	for _, line := range []string{"one\n", "two\n"} {
		if n, err := h.said.Write([]byte(line)); n != len(line) || err != nil {
			t.Errorf("%d of %q were taken: %v", n, line, err)
		}
	}
}

// TestPassagesAreEncodedApart holds of a server that has no vectors of its fixes yet that it has
// them made in a process that gives way, which is gone once it has nothing more to do.
func TestPassagesAreEncodedApart(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "w")
	if err := snapshot(dir, smallShop(t)); err != nil {
		t.Fatal(err)
	}
	s := start(t, "serve", "--dir", dir, "--addr", "127.0.0.1:0", "--train-every", "0")
	id := childThat(t, os.Getpid(), encoderName)
	eventually(t, "it gives way", func() bool {
		line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", id))
		return err != nil || !strings.Contains(string(line), encoderName) || policyOf(id) == schedIdle
	})
	ask := `{"text": "the lamp stays dark", "language": "en"}`
	eventually(t, "all passages have vectors", func() bool { return !slices.Contains(s.suggest(t, ask).Degraded, "vectors_pending") })
	s.end(t)
	if left := childrenOf(t, os.Getpid()); len(left) != 0 {
		t.Errorf("after the server %d processes are left", len(left))
	}
}
