package main

import (
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/rapportengine/rapport"

// house is the imports of every package of the module, without its tests: folder ->
// import paths.
type house map[string][]string

// readHouse parses the imports of the whole tree.
func readHouse(t *testing.T) house {
	t.Helper()
	root := filepath.Join("..", "..")
	h := house{}
	err := filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		folder, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		if entry.IsDir() {
			hidden := strings.HasPrefix(entry.Name(), ".") && folder != "."
			if hidden || entry.Name() == "testdata" || folder == "tools" { // tools is a module of its own
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		in := filepath.ToSlash(filepath.Dir(folder))
		for _, spec := range file.Imports {
			h[in] = append(h[in], strings.Trim(spec.Path.Value, "`\""))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// all returns every import of a folder, those of what it imports of ours included.
func (h house) all(folder string) []string {
	found := map[string]bool{}
	var follow func(string)
	follow = func(folder string) {
		for _, imported := range h[folder] {
			if found[imported] {
				continue
			}
			found[imported] = true
			if ours, ok := strings.CutPrefix(imported, module+"/"); ok {
				follow(ours)
			}
		}
	}
	follow(folder)
	return slices.Sorted(maps.Keys(found))
}

// under reports whether an import path is a folder or lies below it.
func under(imported, folder string) bool {
	return imported == folder || strings.HasPrefix(imported, folder+"/")
}

// of returns the folders that are top or lie below it.
func (h house) of(top string) []string {
	var out []string
	for _, folder := range slices.Sorted(maps.Keys(h)) {
		if under(folder, top) {
			out = append(out, folder)
		}
	}
	return out
}

// TestArrows holds the arrows of the house: who may import whom.
func TestArrows(t *testing.T) {
	h := readHouse(t)
	for _, top := range []string{"engine", "serving", "training", "store", "api", "cmd/rapport"} {
		if len(h.of(top)) == 0 {
			t.Fatalf("there is no package in %s: the test looks in the wrong place", top)
		}
	}
	// What of ours a folder and all below it may import; its own are always allowed.
	may := map[string][]string{
		"engine":     {},
		"store":      {"engine"},
		"serving":    {"engine"},
		"training":   {"engine"},
		"api":        {"engine", "serving", "store"},
		"cmd":        {"engine", "serving", "training", "store", "api"},
		"benchmarks": {"engine", "serving", "training", "store", "api", "cmd/rapport/sampleshop"},
	}
	for folder, imports := range h {
		top, _, _ := strings.Cut(folder, "/")
		allowed, known := may[top]
		if !known {
			t.Errorf("folder %s: no arrow is drawn from %s; draw it here or move the code", folder, top)
			continue
		}
		for _, imported := range imports {
			ours, ok := strings.CutPrefix(imported, module+"/")
			if !ok {
				continue
			}
			if !under(ours, top) && !slices.ContainsFunc(allowed, func(a string) bool { return under(ours, a) }) {
				t.Errorf("%s imports %s: %s may only import %v", folder, ours, top, allowed)
			}
		}
	}
}

// TestStoreKnowsLittle holds that of the engine the store knows the words and the table
// of numbers, and nothing that ranks.
func TestStoreKnowsLittle(t *testing.T) {
	h := readHouse(t)
	allowed := []string{"engine", "engine/catalogue"}
	for _, folder := range h.of("store") {
		for _, imported := range h[folder] {
			ours, ok := strings.CutPrefix(imported, module+"/")
			if ok && !under(ours, "store") && !slices.Contains(allowed, ours) {
				t.Errorf("%s imports %s: it may only import %v", folder, ours, allowed)
			}
		}
	}
}

// TestLibrariesStayHome holds that each heavy library has one importer.
func TestLibrariesStayHome(t *testing.T) {
	homes := map[string]string{
		"github.com/dgraph-io/badger":         "store",
		"github.com/gin-gonic/gin":            "api",
		"github.com/danielgtaylor/huma":       "api",
		"github.com/prometheus/client_golang": "api",
		"github.com/parquet-go/parquet-go":    "engine/record",
		"github.com/zhenghaoz/gorse":          "training/peer",
		"go.uber.org/zap":                     "training/peer",
		"github.com/alecthomas/kong":          "cmd",
		"github.com/vbauerster/mpb":           "cmd",
		"net/http":                            "",
	}
	h := readHouse(t)
	for folder, imports := range h {
		for _, imported := range imports {
			for library, home := range homes {
				if !under(imported, library) || home != "" && under(folder, home) || under(folder, "benchmarks") {
					continue
				}
				if home == "" && (under(folder, "api") || under(folder, "cmd")) {
					continue // HTTP is the business of api, and of who listens
				}
				t.Errorf("%s imports %s, which lives in %s", folder, imported, home)
			}
		}
	}
}

// TestNoPeerInWhatServes holds that the peer we compare with is in nothing that
// answers or makes the models that do, by whatever way: only evaluations of files ask
// it.
func TestNoPeerInWhatServes(t *testing.T) {
	h := readHouse(t)
	folders := []string{"training", "training/evaluate"}
	for _, top := range []string{"engine", "serving", "store", "api"} {
		folders = append(folders, h.of(top)...)
	}
	for _, folder := range folders {
		for _, imported := range h.all(folder) {
			if strings.Contains(imported, "gorse") || under(imported, path.Join(module, "training/peer")) {
				t.Errorf("%s comes to import %s", folder, imported)
			}
		}
	}
	for folder, imports := range h {
		if !under(folder, "training/peer") && folder != "training/offline" && !under(folder, "benchmarks") && slices.Contains(imports, path.Join(module, "training/peer")) {
			t.Errorf("%s imports the peer; only training/offline and benchmarks may", folder)
		}
	}
}

// TestEngineIsPure holds that the engine has no clock to read, no disk and no network.
func TestEngineIsPure(t *testing.T) {
	h := readHouse(t)
	for _, folder := range h.of("engine") {
		for _, imported := range h[folder] {
			if slices.Contains([]string{"os", "log", "log/slog", "net", "net/http", "syscall"}, imported) {
				t.Errorf("%s imports %s: the engine gets values and gives values", folder, imported)
			}
		}
	}
}
