package peer_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

// TestAProgramWithGorseStartsQuietly builds one and runs it where Gorse alone would make
// folders, log, or end the process before main.
func TestAProgramWithGorseStartsQuietly(t *testing.T) {
	dir, err := os.MkdirTemp("", "peer") // t.TempDir is not for other users
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	home := filepath.Join(dir, "home")
	if err := os.Mkdir(home, 0o700); err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(dir, "start")
	build := exec.Command("go", "build", "-o", program, "./testdata/start")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	for _, folder := range []string{dir, program, home} {
		if err := os.Chmod(folder, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	const nameless = 54321
	for name, c := range map[string]struct {
		uid uint32
		env []string
	}{
		"as we are":               {uint32(os.Getuid()), os.Environ()},
		"nameless, with a home":   {nameless, []string{"USER=somebody", "HOME=" + home}},
		"nameless, cannot write":  {nameless, []string{"USER=somebody", "HOME=/proc/none"}},
		"nameless, nothing known": {nameless, []string{}},
	} {
		t.Run(name, func(t *testing.T) {
			run := exec.Command(program)
			run.Env = c.env
			if int(c.uid) != os.Getuid() {
				if os.Getuid() != 0 {
					t.Skip("only root can be somebody else")
				}
				run.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: c.uid, Gid: c.uid}}
			}
			if out, err := run.CombinedOutput(); err != nil || len(out) > 0 {
				t.Errorf("%v, and it says %q", err, out)
			}
		})
	}
	if left, err := os.ReadDir(home); err != nil || len(left) > 0 {
		t.Errorf("left behind at home: %v, %v", left, err)
	}
}
